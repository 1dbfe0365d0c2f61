// Proves what control planes and kubelets are given. Does not prove that they accept it: test/e2e/drills/hardening.ts does.
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  encryptionKey,
  HARDENED_VOLUMES,
  hardenedArguments,
  KUBELET_ARGUMENTS,
  manifestLines,
  renderAdmission,
  renderAuditPolicy,
} from "../../../components/kubernetes/hardening";

interface Rule {
  readonly level: string;
  readonly verbs?: readonly string[];
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly resources?: readonly { readonly group: string; readonly resources?: readonly string[] }[];
}

/** The level of a request, as the API server finds it: the first rule that matches. */
function levelOf(request: { user: string; groups?: string[]; verb: string; group?: string; resource: string }): string {
  const { rules } = parse(renderAuditPolicy()) as { rules: Rule[] };
  const found = rules.find(({ nonResourceURLs, resources, userGroups, users, verbs }) => {
    if (nonResourceURLs) return false;
    if (users || userGroups) {
      const named = users?.includes(request.user) ?? false;
      if (!named && !userGroups?.some((group) => request.groups?.includes(group))) return false;
    }
    if (verbs && !verbs.includes(request.verb)) return false;
    return (
      resources?.some(
        ({ group, resources: names }) =>
          group === (request.group ?? "") && (names === undefined || names.includes(request.resource)),
      ) ?? true
    );
  });
  return found?.level ?? "none matched";
}

describe("the audit policy", () => {
  it("logs whoever reads or writes a Secret, the cluster's own parts too, and never a body", () => {
    for (const resource of ["secrets", "configmaps", "serviceaccounts/token"]) {
      for (const verb of ["get", "list", "create", "delete"]) {
        expect(levelOf({ user: "kubernetes-admin", verb, resource })).toBe("Metadata");
        expect(levelOf({ user: "system:node:cp-1", groups: ["system:nodes"], verb, resource })).toBe("Metadata");
        expect(levelOf({ user: "system:kube-controller-manager", verb, resource })).toBe("Metadata");
      }
    }
    const review = { user: "x", verb: "create", group: "authentication.k8s.io", resource: "tokenreviews" };
    expect(levelOf(review)).toBe("Metadata");
  });

  it("logs what a person does, and a change of rights with its content", () => {
    expect(levelOf({ user: "kubernetes-admin", verb: "delete", resource: "pods" })).toBe("Metadata");
    const role = { user: "x", group: "rbac.authorization.k8s.io", resource: "clusterroles" };
    expect(levelOf({ ...role, verb: "create" })).toBe("RequestResponse");
    expect(levelOf({ ...role, verb: "list" })).toBe("Metadata");
  });

  it("leaves out what the cluster's own parts read, Leases and Events", () => {
    expect(levelOf({ user: "system:node:cp-1", groups: ["system:nodes"], verb: "get", resource: "nodes" })).toBe(
      "None",
    );
    expect(levelOf({ user: "system:node:cp-1", groups: ["system:nodes"], verb: "patch", resource: "nodes" })).toBe(
      "Metadata",
    );
    expect(levelOf({ user: "system:kube-scheduler", verb: "watch", resource: "pods" })).toBe("None");
    const lease = { group: "coordination.k8s.io", resource: "leases", verb: "update" };
    expect(levelOf({ ...lease, user: "system:kube-scheduler" })).toBe("None");
    expect(levelOf({ ...lease, user: "kubernetes-admin" })).toBe("Metadata");
    expect(levelOf({ user: "kubernetes-admin", verb: "create", resource: "events" })).toBe("None");
  });
});

it("the level baseline is enforced everywhere but in kube-system", () => {
  const { plugins } = parse(renderAdmission()) as { plugins: { name: string; configuration: object }[] };
  expect(plugins.map(({ name }) => name)).toEqual(["PodSecurity", "EventRateLimit"]);
  expect(plugins[0]?.configuration).toMatchObject({
    defaults: { enforce: "baseline", warn: "restricted", audit: "restricted" },
    exemptions: { namespaces: ["kube-system"], usernames: [], runtimeClasses: [] },
  });
});

it("the mitigation of HTTP/2 floods is named only to an API server that knows it", () => {
  const gates = (version: string): string | undefined => hardenedArguments(version).apiServer["feature-gates"];
  expect(["1.27.3", "1.27.4", "1.27.6", "1.28.2"].map(gates)).toEqual([undefined, undefined, undefined, undefined]);
  expect(gates("1.27.16")).toBe("UnauthenticatedHTTP2DOSMitigation=true");
});

it("a control plane knows each argument, and another policy by the name of a volume", () => {
  const lines = manifestLines("1.27.4").split("\n");
  const given = hardenedArguments("1.27.4");
  const count = Object.values(given).reduce((sum, part) => sum + Object.keys(part).length, 0);
  expect(lines).toHaveLength(count + 1);
  expect(lines).toContain("kube-apiserver --profiling=false");
  expect(lines).toContain("kube-scheduler --tls-min-version=VersionTLS12");
  expect(lines[0]).toBe(`kube-apiserver name: ${(HARDENED_VOLUMES[0] as { name: string }).name}`);
});

it("a kubelet's arguments hold no blank: a unit splits them there", () => {
  expect(KUBELET_ARGUMENTS.filter((argument) => !/^--[a-z-]+(=\S+)?$/.test(argument))).toEqual([]);
});

it("a key has the 32 bytes that secretbox takes", () => {
  expect(Buffer.from(encryptionKey("a password"), "base64")).toHaveLength(32);
});
