import { describe, expect, it } from "vitest";
import { typeIn } from "../../kubernetes/kube-object";
import { diffObject } from "../../kubernetes/object-diff";
import { parseProviderConfig } from "../../kubernetes/provider-config";
import { type PropertyMap, Secret, UNKNOWN } from "../../protocol/property-value";

const MUTABLE = parseProviderConfig({ enableSecretMutable: "true", enableConfigMapMutable: "true" });
const STRICT = parseProviderConfig({});

function diff(olds: PropertyMap, news: PropertyMap, config = MUTABLE, ignoreChanges: string[] = []) {
  const { apiVersion, kind } = typeIn(news);
  const type = `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
  const signal = new AbortController().signal;
  return diffObject({ urn: "", name: "", id: "x", type, oldInputs: olds, olds, news, ignoreChanges, signal }, config);
}

const deployment = (spec: PropertyMap, metadata: PropertyMap = { name: "web", namespace: "demo" }): PropertyMap => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata,
  spec,
});

describe("a changed object", () => {
  it("is unchanged when nothing but secret marks differ", () => {
    const data = { a: "1" };
    const secret = (value: PropertyMap[string]): PropertyMap => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      data: value,
    });
    expect(diff(secret(new Secret(data)), secret(data)).changes.size).toBe(0);
  });

  it("takes no namespace for the default one", () => {
    expect(
      diff(deployment({}, { name: "web" }), deployment({}, { name: "web", namespace: "default" })).changes.size,
    ).toBe(0);
  });

  it("lists every path", () => {
    const { changes } = diff(
      deployment({ replicas: 1, template: { containers: [{ image: "a" }] } }),
      deployment({ replicas: 2, template: { containers: [{ image: "b" }], "x/y": 1 } }),
    );
    expect([...changes.keys()]).toEqual(["spec.replicas", "spec.template.containers[0].image", 'spec.template["x/y"]']);
    expect([...changes.values()].some(({ replace }) => replace)).toBe(false);
  });

  it("is replaced, old one first, when a selector changes under the same name", () => {
    const result = diff(
      deployment({ selector: { matchLabels: { a: "1" } } }),
      deployment({ selector: { matchLabels: { a: "2" } } }),
    );
    expect(result.changes.get("spec.selector.matchLabels.a")).toEqual({ kind: "update", replace: true });
    expect(result.deleteBeforeReplace).toBe(true);
  });

  it("is replaced, new one first, when its name changes", () => {
    const result = diff(deployment({}), deployment({}, { name: "other", namespace: "demo" }));
    expect(result.changes.get("metadata.name")).toMatchObject({ replace: true });
    expect(result.deleteBeforeReplace).toBe(false);
  });

  it("is replaced when a part that holds an immutable field appears or goes", () => {
    const result = diff(deployment({}), {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "demo" },
    });
    expect(result.changes.get("spec")).toEqual({ kind: "delete", replace: true });
  });

  it.each([
    ["Secret", "data", STRICT, true],
    ["Secret", "data", MUTABLE, false],
    ["ConfigMap", "data", STRICT, true],
    ["ConfigMap", "data", MUTABLE, false],
  ])("%s.%s is immutable as the provider says", (kind, field, config, replace) => {
    const object = (value: string): PropertyMap => ({
      apiVersion: "v1",
      kind,
      metadata: { name: "x" },
      [field]: { k: value },
    });
    expect(diff(object("1"), object("2"), config).changes.get(`${field}.k`)).toMatchObject({ replace });
  });

  it("counts an unknown as changed", () => {
    expect([...diff(deployment({ replicas: 1 }), deployment({ replicas: UNKNOWN })).changes.keys()]).toEqual([
      "spec.replicas",
    ]);
  });

  it("leaves out what the user ignores", () => {
    expect(diff(deployment({ replicas: 1 }), deployment({ replicas: 2 }), MUTABLE, ["spec"]).changes.size).toBe(0);
  });
});
