/** The table of versions against the repository: what it offers has to be there. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KUBERNETES, PARTS, SEALED_SECRETS_CHARTS } from "../../../config/compatibility";

const MANIFESTS = join(__dirname, "..", "..", "..", "components", "gitops", "manifests");

describe("a supported version", () => {
  it.each(Object.keys(PARTS.argocd))("of Argo CD, %s, has its install manifest", (version) => {
    expect(readdirSync(MANIFESTS)).toContain(`argocd-v${version}-install.yaml`);
  });

  it.each(Object.keys(PARTS.sealedSecrets))("of Sealed Secrets, %s, has its chart's manifest", (version) => {
    expect(existsSync(join(MANIFESTS, `sealed-secrets-${SEALED_SECRETS_CHARTS[version] ?? ""}.yaml`))).toBe(true);
  });

  it("runs on a Kubernetes line that is set up here", () => {
    const lines = Object.values(KUBERNETES).map(({ line }) => line);
    for (const release of Object.values(PARTS).flatMap((releases) => Object.values(releases))) {
      for (const line of release.kubernetes ?? []) expect(lines).toContain(line);
    }
  });
});
