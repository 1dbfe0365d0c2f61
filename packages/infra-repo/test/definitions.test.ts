/** CustomResourceDefinitions in every form that kubectl reads, held against objects, with Kubernetes' real schemas. */
import { beforeAll, describe, expect, test } from "vitest";
import { readFiles } from "../files";
import { itemsOf } from "../kubectl-yaml";
import { loadSchemas } from "../load-schemas";
import type { Schemas } from "../schemas";
import { cacheDirectory } from "@gitops-platform/mirror/cache-directory";
import { files, MANIFESTS } from "./fixture";

let schemas: () => Schemas;

beforeAll(async () => {
  schemas = await loadSchemas(MANIFESTS, cacheDirectory(), () => undefined);
}, 600_000);

const spec = (pattern: string): object => ({
  group: "example.org",
  scope: "Namespaced",
  names: { kind: "Widget", plural: "widgets" },
  versions: [
    {
      ...{ name: "v1", served: true, storage: true },
      schema: {
        openAPIV3Schema: {
          type: "object",
          properties: {
            spec: {
              type: "object",
              properties: {
                size: { type: "string", pattern },
                count: { type: "integer" },
                inner: {
                  type: "object",
                  "x-kubernetes-embedded-resource": true,
                  properties: { spec: { type: "object" } },
                },
              },
            },
          },
        },
      },
    },
  ],
});
const DEFINITION = {
  ...{
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.org" },
  },
  spec: spec("^[a-z]+$"),
};

/** What is wrong with a Widget when a file has its definition, and what wasn't checked. */
function check(file: string, text: string, widget: object): { problems: string[]; unchecked: readonly string[] } {
  const own = schemas();
  for (const { content } of readFiles(files({ [file]: text })).documents)
    for (const object of itemsOf(content)) own.addCustomResource(object);
  const found = own.check({ apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "w" }, spec: widget });
  return { problems: found.map(({ field, text: problem }) => `${field ?? ""} ${problem}`), unchecked: own.unchecked };
}

describe("a definition is read", () => {
  const beta = {
    ...{ apiVersion: "apiextensions.k8s.io/v1beta1", kind: "CustomResourceDefinition", metadata: { name: "w" } },
    spec: {
      ...{ group: "example.org", version: "v1", names: { kind: "Widget" }, preserveUnknownFields: false },
      validation: {
        openAPIV3Schema: {
          type: "object",
          properties: { spec: { type: "object", properties: { size: { type: "string" } } } },
        },
      },
    },
  };
  const list = { apiVersion: "v1", kind: "List", items: [DEFINITION] };
  const typed = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinitionList",
    items: [{ metadata: {}, spec: spec("^a$") }],
  };
  const cases: readonly [string, string, string][] = [
    ["as JSON, without apiVersion among its properties", "schemas/w.json", JSON.stringify(DEFINITION)],
    ["in a List", "schemas/w.yaml", JSON.stringify(list)],
    ["in a list of its own kind", "schemas/w.yaml", JSON.stringify(typed)],
    [
      "after a comment, anywhere in the repository",
      "vendor/w.yaml",
      `# head\n--- # next\n${JSON.stringify(DEFINITION)}`,
    ],
    ["of v1beta1", "schemas/w.yaml", JSON.stringify(beta)],
  ];
  test.each(cases)("%s", (_name, file, text) => {
    expect(check(file, text, { size: "a" })).toEqual({ problems: [], unchecked: [] });
    expect(check(file, text, { size: 1, sise: "a" }).problems.sort()).toEqual([
      "spec.sise is not a known field; did you mean size?",
      "spec.size has the wrong type (got 1, need string); correct it",
    ]);
  });
});

test("v1beta1 keeps unknown fields unless it says otherwise", () => {
  const beta = { ...DEFINITION, apiVersion: "apiextensions.k8s.io/v1beta1" };
  expect(check("w.json", JSON.stringify(beta), { size: "a" }).problems).toEqual([]);
});

test("an embedded resource has what every object has", () => {
  const inner = { apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: {} };
  expect(check("w.json", JSON.stringify(DEFINITION), { inner }).problems).toEqual([]);
});

test("nothing is a value where a schema says so, and a version that isn't served is none", () => {
  const [from, to] = [
    '"count":{"type":"integer"}',
    '"count":{"type":"array","items":{"type":"string","nullable":true}}',
  ];
  const nullable = JSON.stringify(DEFINITION).replace(from, to);
  expect(check("w.json", nullable, { count: [null, "a"] }).problems).toEqual([]);
  expect(check("w.json", nullable.replace(',"nullable":true', ""), { count: [null] }).problems).toHaveLength(1);
  expect(check("w.json", nullable.replace('"served":true', '"served":false'), {}).problems).toEqual([
    expect.stringMatching(/^apiVersion example.org\/v1 has no kind Widget/),
  ]);
});

test("a pattern of another engine is checked where it can be, else named, and the rest is checked", () => {
  const flag = JSON.stringify({ ...DEFINITION, spec: spec("(?i)^[a-z]+$") });
  expect(check("w.json", flag, { size: "ABC" })).toEqual({ problems: [], unchecked: [] });
  expect(check("w.json", flag, { size: "1" }).problems).toEqual([
    'spec.size is wrong (got "1"): must match pattern "(?i)^[a-z]+$"; correct it',
  ]);
  const other = JSON.stringify({ ...DEFINITION, spec: spec("(?U)a+") });
  expect(check("w.json", other, { size: "b", count: "x" })).toEqual({
    problems: ['spec.count has the wrong type (got "x", need integer); correct it'],
    unchecked: ["example.org/v1 Widget: the pattern (?U)a+"],
  });
});

test("a schema that no validator takes is named", () => {
  const broken = JSON.stringify(DEFINITION).replace('"type":"integer"', '"type":"whole"');
  const { problems, unchecked } = check("w.json", broken, { size: 1 });
  expect(problems).toEqual([]);
  expect(unchecked).toEqual([expect.stringMatching(/^example\.org\/v1 Widget: its schema \(schema is invalid/)]);
});
