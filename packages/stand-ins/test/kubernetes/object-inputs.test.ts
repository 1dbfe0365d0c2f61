import { describe, expect, it } from "vitest";
import { checkFailures, checkInputs } from "../../kubernetes/object-inputs";
import { parseProviderConfig } from "../../kubernetes/provider-config";
import type { CheckRequest } from "../../protocol/provider-plugin";
import { type PropertyMap, UNKNOWN } from "../../protocol/property-value";

const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";

function check(news: PropertyMap, more: Partial<CheckRequest> = {}, provider: PropertyMap = {}) {
  const signal = new AbortController().signal;
  const request = {
    urn: "",
    name: "app",
    type: CONFIG_MAP,
    olds: {},
    news,
    randomSeed: new Uint8Array([1, 2]),
    signal,
  };
  return checkInputs({ ...request, ...more }, parseProviderConfig(provider));
}

describe("checked inputs", () => {
  const unnamed = { apiVersion: "v1", kind: "ConfigMap" };
  const named = { ...unnamed, metadata: { name: "app-a12871fe", annotations: { "pulumi.com/autonamed": "true" } } };

  it("get a name from the engine's seed", () => {
    expect(check(unnamed)).toEqual(named);
  });

  it("keep the name that was made up before", () => {
    const olds = { ...named, metadata: { ...named.metadata, name: "app-11111111" } };
    expect(check(unnamed, { olds })).toEqual(olds);
  });

  it("take the name that the engine proposes", () => {
    expect(check(unnamed, { autonaming: { mode: "enforce", proposedName: "mine" } })).toMatchObject({
      metadata: { name: "mine" },
    });
    expect(() => check(unnamed, { autonaming: { mode: "disable", proposedName: "" } })).toThrow("set metadata.name");
  });

  it("stay as they are while the name isn't known", () => {
    expect(check({ ...unnamed, metadata: { name: UNKNOWN } })).toEqual({ ...unnamed, metadata: { name: UNKNOWN } });
  });

  it("lose what only the cluster writes", () => {
    const metadata = { name: "a", creationTimestamp: null, uid: "1", resourceVersion: "2", managedFields: [] };
    expect(check({ ...unnamed, metadata })).toEqual({ ...unnamed, metadata: { name: "a" } });
  });

  it("get the provider's namespace unless they live outside namespaces", () => {
    const provider = { namespace: "apps" };
    expect(check({ ...unnamed, metadata: { name: "a" } }, {}, provider)).toMatchObject({
      metadata: { namespace: "apps" },
    });
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "r" } };
    const type = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole";
    expect(check(role, { type }, provider)).toEqual(role);
  });

  it.each([
    ["kubernetes:helm.sh/v3:Release", {}, "render the chart in the program"],
    ["kubernetes:apps/v1:DeploymentPatch", { kind: "Deployment" }, "own the whole object"],
    ["kubernetes:core/v1:ConfigMapList", { kind: "ConfigMapList", items: [] }, "create its items one by one"],
  ])("of %s are refused", (type, news, cure) => {
    expect(() => check(news, { type })).toThrow(cure);
  });

  it("without a kind are named", () => {
    expect(checkFailures({ metadata: { name: "a" } }, CONFIG_MAP)).toEqual([
      { property: "apiVersion", reason: 'apiVersion is missing; this resource\'s is "v1"' },
      { property: "kind", reason: 'kind is missing; this resource\'s is "ConfigMap"' },
    ]);
  });
});
