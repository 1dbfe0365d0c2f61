/** Each rule about a whole stack: what keeps it, and every way to break it. That Pulumi calls them: test/policy. */
import { describe, expect, it } from "vitest";
import { STACK, TOKENS } from "../../../components/tokens";
import { UNKNOWN } from "../../../policy/resource";
import { RULES } from "../../../policy/rules";
import { controlPlanes } from "../../../policy/rules/control-planes";
import { deletedWith } from "../../../policy/rules/deleted-with";
import { gateForEveryEtcdNode, noGateOverride } from "../../../policy/rules/disk-gate";
import { endOfLife, knownVulnerabilities } from "../../../policy/rules/lifecycle";
import { noPlainSecrets, plainSecrets } from "../../../policy/rules/stack-file";
import { checkStack, cluster, gateStep, resource } from "./resources";

const node = (number: number, hypervisor?: string) => ({
  name: `cp-${number}`,
  address: `192.0.2.1${number}`,
  ...(hypervisor === undefined ? {} : { hypervisor }),
});

describe("gate-for-every-etcd-node", () => {
  const two = cluster([node(1), node(2)]);
  it.each([
    ["every node measured", [two, gateStep("192.0.2.11"), gateStep("192.0.2.12")], []],
    ["one left out", [two, gateStep("192.0.2.11")], ["cp-2 holds an etcd member and has no disk gate"]],
    ["none", [cluster([node(1)])], ["cp-1 holds an etcd member and has no disk gate"]],
    ["an address that isn't known yet", [two, gateStep("192.0.2.11"), gateStep(UNKNOWN)], []],
    ["fewer gates than nodes", [two, gateStep(UNKNOWN)], ["cp-2 holds an etcd member and has no disk gate"]],
    ["a cluster that doesn't tell", [cluster([])], ["doesn't tell its control planes (outputs.controlPlanes)"]],
  ])("%s", (_case, resources, expected) => {
    expect(checkStack(gateForEveryEtcdNode, { resources })).toEqual(expected);
  });
});

describe("no-gate-override", () => {
  const gate = (values: object) => [resource(TOKENS.diskGate, values)];
  it.each([
    ["the limit", gate({ limitMs: 10, override: "" }), []],
    ["an override", gate({ limitMs: 10, override: "trial" }), ["has an override: a slow disk would pass"]],
    ["a higher limit", gate({ limitMs: 25, override: "" }), ["limitMs is 25 (need 10 at most)"]],
    ["a gate that doesn't tell", gate({}), ["limitMs is not told (need 10 at most)"]],
  ])("%s", (_case, resources, expected) => {
    expect(checkStack(noGateOverride, { resources })).toEqual(expected);
  });

  it("lets staging be", () => {
    expect(checkStack(noGateOverride, { name: "staging", resources: gate({ override: "trial" }) })).toEqual([]);
  });
});

describe("control-planes", () => {
  const three = [node(1, "kvm-1"), node(2, "kvm-2"), node(3, "kvm-3")];
  it.each([
    ["three", [cluster(three)], []],
    ["three on servers of a provider", [cluster([node(1), node(2), node(3)])], []],
    ["one", [cluster([node(1)])], ["has 1 control plane (need an odd number, 3 at least)"]],
    ["no cluster", [], ["has no KubernetesCluster, so nothing says what its control planes run on"]],
    ["four", [cluster([...three, node(4)])], ["has 4 control planes (need an odd number, 3 at least)"]],
    [
      "two on one hypervisor",
      [cluster([node(1, "kvm-1"), node(2, "kvm-1"), node(3, "kvm-3")])],
      ["cp-1 and cp-2 share the hypervisor kvm-1, and would be lost together"],
    ],
  ])("%s", (_case, resources, expected) => {
    expect(checkStack(controlPlanes, { resources })).toEqual(expected);
  });

  it("takes a site's own minimum, and looks at production only", () => {
    expect(checkStack(controlPlanes, { resources: [cluster([node(1)])] }, { minimum: 1 })).toEqual([]);
    expect(checkStack(controlPlanes, { name: "staging", resources: [cluster([node(1)])] })).toEqual([]);
  });
});

describe("deleted-with", () => {
  const SENTENCE = "has no deletedWith: a destroy would wait for an API that may be gone";
  const component = (values: object, deletedWith?: string) => {
    const told = deletedWith === undefined ? {} : { deletedWith };
    return resource(TOKENS.argoCd, values, { name: "argocd", ...told });
  };
  const object = (parent: string, deletedWith?: string) => {
    const told = deletedWith === undefined ? {} : { deletedWith };
    return resource("kubernetes:core/v1:ConfigMap", {}, { name: "object", parent, ...told });
  };
  const argocd = component({}).urn;

  it.each([
    ["a component that says so", [component({ deletedWith: "urn:m" }), object(argocd)], []],
    ["one that will say so", [component({ deletedWith: UNKNOWN }), object(argocd)], []],
    ["a component that doesn't", [component({}), object(argocd)], [SENTENCE]],
    ["no component", [object("")], [SENTENCE]],
    ["the real option, where it is told", [component({}, "urn:m"), object(argocd, "")], []],
    ["words without the option", [component({ deletedWith: "urn:m" }, ""), object(argocd, "")], [SENTENCE]],
    ["what is not in a cluster", [resource("pulumi:providers:kubernetes", {})], []],
  ])("%s", (_case, resources, expected) => {
    expect(checkStack(deletedWith, { resources })).toEqual(expected);
  });
});

describe("no-plain-secrets", () => {
  const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\\nb3Blbn\\n-----END OPENSSH PRIVATE KEY-----";
  const inConfig = (line: string) => plainSecrets(`config:\n  gitops-platform:${line}\n`);
  it.each([
    [`ssh: { privateKey: { secure: v1:abc } }`, []],
    [`ssh: { privateKeyFile: .local/keys/operator }`, []],
    [`gitops: { repoURL: "ssh://git@git.example.org/infra.git" }`, []],
    [`ssh: { note: "${KEY}" }`, [["gitops-platform:ssh.note", "is a private key in clear"]]],
    [`ssh: { privateKey: whatever }`, [["gitops-platform:ssh.privateKey", "is called privateKey and is in clear"]]],
    [`adminPassword: hunter2`, [["gitops-platform:adminPassword", "is called adminPassword and is in clear"]]],
    [`mirror: [{ url: "https://me:hunter2@host" }]`, [["gitops-platform:mirror[0].url", "has a password in a URL"]]],
    [`x: glpat-${"a1".repeat(10)}`, [["gitops-platform:x", "is an access token in clear"]]],
    [`x: ghp_${"a1".repeat(18)}`, [["gitops-platform:x", "is an access token in clear"]]],
  ])("%s", (line, expected) => {
    expect(inConfig(line).map(({ key, what }) => [key, what])).toEqual(expected);
  });

  it("names the file, and never the value", () => {
    const read = (file: string) => (file === "Pulumi.production.yaml" ? "config:\n  a:token: hunter2\n" : undefined);
    expect(checkStack(noPlainSecrets, { read })).toEqual([
      "Pulumi.production.yaml: a:token is called token and is in clear",
    ]);
  });
});

describe("end-of-life and known-vulnerabilities", () => {
  const notices = { endOfLife: ["kubernetes-1.27 (2024-07-16)"], vulnerabilities: ["CVE-2025-55190 (2025-09-04)"] };
  const resources = [resource(STACK, { notices })];

  it("repeat what the program found, and nobody has accepted", () => {
    expect(checkStack(endOfLife, { resources })).toEqual(["kubernetes-1.27 (2024-07-16) has reached its end of life"]);
    expect(checkStack(knownVulnerabilities, { resources })).toEqual([
      "CVE-2025-55190 (2025-09-04) is known, and not fixed in the version that is used",
    ]);
    expect(checkStack(endOfLife, { resources: [resource(STACK, { notices: { endOfLife: [] } })] })).toEqual([]);
  });

  it("are broken when the program doesn't say what it found", () => {
    expect(checkStack(knownVulnerabilities, { resources: [resource(STACK, { notices: { endOfLife: [] } })] })).toEqual([
      "the stack doesn't tell what is known of its versions (output notices.vulnerabilities)",
    ]);
    expect(checkStack(endOfLife, { resources: [] })).toHaveLength(1);
  });
});

describe("every rule", () => {
  it("has a name of its own, and says how to comply", () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const { comply, description, name } of RULES) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(description).toMatch(/^[A-Z].*\.$/);
      expect(comply).toMatch(/^[a-z].*[^.]$/);
    }
  });
});
