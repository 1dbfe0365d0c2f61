/** How the configuration comes from Pulumi, and what a person sees if it is wrong. */
import * as pulumi from "@pulumi/pulumi";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { loadConfig } from "../../../config/load";
import { artifactList } from "../../fixtures/artifacts";
import { stackCase } from "./stack-case";

let good: Record<string, unknown>;

beforeEach(async () => {
  await pulumi.runtime.setMocks(
    { newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) },
    "gitops-platform",
    "staging",
  );
  const raw = (await stackCase("valid/adopted.yaml")).sections;
  const list = join(mkdtempSync(join(tmpdir(), "gitops-platform-config-")), "artifacts.json");
  writeFileSync(list, JSON.stringify(artifactList(raw["versions"] as Record<string, string>)));
  good = { ...raw, acceptedNotices: [], artifacts: { source: "upstream", list } };
});

/** Configures the stack as the engine does: objects as JSON. */
function configure(sections: Record<string, unknown>, others: Record<string, string> = {}): void {
  const own = Object.entries(sections).map(([key, value]) => [
    `gitops-platform:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  pulumi.runtime.setAllConfig({ ...(Object.fromEntries(own) as Record<string, string>), ...others });
}

function refusal(): pulumi.RunError {
  try {
    loadConfig();
  } catch (error) {
    if (pulumi.RunError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("the configuration was taken");
}

it("holds secrets as secret outputs", async () => {
  configure(good);
  const config = loadConfig();
  const secrets = [config.ssh.privateKey, config.gitops.deployKey, config.sealingKeys[0]?.privateKey];
  for (const output of secrets) expect(await pulumi.isSecret(pulumi.output(output))).toBe(true);
});

it("warns in a preview of what is known about the versions, and not of what is accepted", () => {
  const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
  const dryRun = vi.spyOn(pulumi.runtime, "isDryRun").mockReturnValue(true);
  const accepted = [{ ids: ["kubernetes-1.27"], reason: "moves to 1.28 in June", until: "9999-12-31" }];
  configure({ ...good, acceptedNotices: accepted });
  loadConfig();
  const warned = warn.mock.calls.map(([message]) => message);
  expect(warned.some((message) => message.startsWith("CVE-2025-55190 (2025-09-04): in Argo CD"))).toBe(true);
  expect(warned.filter((message) => message.startsWith("kubernetes-1.27"))).toEqual([]);
  warn.mockClear();
  dryRun.mockReturnValue(false);
  loadConfig();
  expect(warn.mock.calls).toEqual([]);
  vi.restoreAllMocks();
});

it("names in a preview what is still the example's", () => {
  const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
  vi.spyOn(pulumi.runtime, "isDryRun").mockReturnValue(true);
  configure(good);
  loadConfig();
  expect(warn.mock.calls.map(([message]) => message).filter((message) => message.startsWith("still"))).toEqual([
    "still the example's: network.cidr 192.0.2.0/24, nodes[0].hostKey, gitops.repoURL " +
      "ssh://git@git.example.org:2222/infra.git. Nobody has these; put yours into Pulumi.staging.yaml",
  ]);
  vi.restoreAllMocks();
});

it("takes the empty objects that Pulumi.yaml gives optional sections", () => {
  configure({ ...good, hub: {}, localMachines: {}, diskGate: {} });
  expect(loadConfig()).toMatchObject({ diskGate: { limitMs: 10 } });
  expect(loadConfig()).not.toHaveProperty("hub");
});

it("reports every problem at once, without a stack", () => {
  configure(
    { ...good, cluster: {}, ssh: "hello", nods: [] },
    { "kubernetes:context": "fine", "gitops-platfrom:nodes": "[]" },
  );
  const error = refusal();
  expect(error.stack).toBeUndefined();
  expect(error.message).toBe(
    [
      "The configuration of stack staging has 4 problems; nothing was changed:",
      "  - gitops-platfrom:nodes is not read by anything; did you mean gitops-platform:nodes?",
      "  - cluster.name is missing (need lower-case letters, digits and inner hyphens, 63 at most); add it, for example staging",
      '  - ssh is wrong (got "hello", need an object); write for example { user: … }',
      "  - nods is not a known key; did you mean nodes?",
    ].join("\n"),
  );
});

it("gives the reason why a file can't be read", () => {
  configure({ ...good, ssh: { privateKeyFile: "config" } });
  expect(refusal().message).toContain("ssh.privateKeyFile config can't be read: it is a folder; correct the path");
  configure({ ...good, ssh: { privateKeyFile: "package.json/key" } });
  expect(refusal().message).toContain("package.json/key can't be read: a part of the path is not a folder");
});
