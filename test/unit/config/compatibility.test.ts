/** The table of versions against the repository: what it offers has to be there. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KUBERNETES, PARTS, SEALED_SECRETS_CHARTS, notices } from "../../../config/compatibility";

const MANIFESTS = join(__dirname, "..", "..", "..", "components", "gitops", "manifests");

describe("a supported version", () => {
  const usable = (part: keyof typeof PARTS): string[] =>
    Object.keys(PARTS[part]).filter((version) => !PARTS[part][version]?.reserved);

  it.each(usable("argocd"))("of Argo CD, %s, has its install manifest", (version) => {
    expect(readdirSync(MANIFESTS)).toContain(`argocd-v${version}-install.yaml`);
  });

  it.each(usable("sealedSecrets"))("of Sealed Secrets, %s, has its chart's manifest", (version) => {
    expect(existsSync(join(MANIFESTS, `sealed-secrets-${SEALED_SECRETS_CHARTS[version] ?? ""}.yaml`))).toBe(true);
  });

  it("runs on a Kubernetes line that is set up here", () => {
    const lines = Object.values(KUBERNETES).map(({ line }) => line);
    for (const release of Object.values(PARTS).flatMap((releases) => Object.values(releases))) {
      for (const line of release.kubernetes ?? []) expect(lines).toContain(line);
    }
  });
});

it("comes with what an operator should know about it", () => {
  const versions = {
    kubernetes: "1.27.4",
    argocd: "2.13.9",
    sealedSecrets: "0.36.1",
    flannel: "0.26.7",
    kubeRouter: "2.1.0",
  };
  expect(notices(versions)).toEqual(["Kubernetes 1.27 is past its end of life (2024-07-16)"]);
  expect(notices({ ...versions, argocd: "2.7.15" })[1]).toContain("CVE-2025-55190");
  expect(notices({ ...versions, sealedSecrets: "0.36.6" })[1]).toContain("CVE-2026-22728");
});
