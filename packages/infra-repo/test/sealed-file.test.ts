import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSealedFile } from "../sealed/sealed-file";
import type { SealRequest } from "../sealed/seal-request";
import { files } from "./fixture";

const SEALED = `# Kept.
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: creds
  namespace: web
  annotations: { sealedsecrets.bitnami.com/namespace-wide: "true" }
spec:
  encryptedData:
    a: AgOne
  template:
    metadata: { name: creds, namespace: web }
    type: kubernetes.io/basic-auth
`;
const REQUEST: SealRequest = { stack: "staging", namespace: "web", name: "creds", values: {}, out: "creds.yaml" };
const NEW = "spec: { encryptedData: { b: AgTwo } }\n";

function read(text: string, request: Partial<SealRequest> = {}) {
  return readSealedFile(join(files({ "creds.yaml": text }), "creds.yaml"), { ...REQUEST, ...request });
}

test("a file decides scope and type, and keeps everything but the new values", () => {
  const file = read(SEALED);
  expect([file?.scope, file?.type]).toEqual(["namespace-wide", "kubernetes.io/basic-auth"]);
  expect(file?.withValues(NEW)).toBe(SEALED.replace("    a: AgOne\n", "    a: AgOne\n    b: AgTwo\n"));
});

test("one of several documents", () => {
  const first = "kind: ConfigMap\nmetadata:\n  name: c\n";
  expect(read(`${first}---\n${SEALED}`)?.withValues(NEW)).toBe(
    `${first}---\n${SEALED.replace("    a: AgOne\n", "    a: AgOne\n    b: AgTwo\n")}`,
  );
});

test("JSON stays JSON, and a file without values gets its first", () => {
  const object = {
    ...{ kind: "SealedSecret", metadata: { name: "creds", namespace: "web" } },
    spec: { encryptedData: { a: "AgOne" } },
  };
  const both = { ...object, spec: { encryptedData: { a: "AgOne", b: "AgTwo" } } };
  for (const indent of [0, 2])
    expect(read(JSON.stringify(object, null, indent))?.withValues(NEW)).toBe(`${JSON.stringify(both, null, indent)}\n`);
  for (const none of ["", " {}"])
    expect(read(SEALED.replace(":\n    a: AgOne", `:${none}`))?.withValues(NEW)).toMatch(
      /encryptedData:\s+\{? ?b: AgTwo/,
    );
});

test("a namespace that the rendering sets is none that differs", () => {
  expect(read(SEALED.replace("  namespace: web\n", ""))?.scope).toBe("namespace-wide");
});

test("there is none yet", () => {
  expect(readSealedFile(join(files({ x: "" }), "creds.yaml"), REQUEST)).toBeUndefined();
});

describe("a difference is refused", () => {
  const cure = "was asked for; leave the option out, or remove the file and seal every key again";
  const cases: readonly [string, string, Partial<SealRequest>, string][] = [
    [
      "scope",
      SEALED,
      { scope: "strict" },
      `creds.yaml — its SealedSecret has the scope namespace-wide, and strict ${cure}`,
    ],
    [
      "type",
      SEALED,
      { type: "Opaque" },
      `creds.yaml — its SealedSecret has the type kubernetes.io/basic-auth, and Opaque ${cure}`,
    ],
    [
      "name",
      SEALED,
      { name: "other" },
      "creds.yaml — holds SealedSecret web/creds, not SealedSecret web/other; choose another file, or remove it",
    ],
    [
      "namespace",
      SEALED,
      { namespace: "other" },
      "creds.yaml — holds SealedSecret web/creds, not SealedSecret other/creds; choose another file, or remove it",
    ],
    [
      "the template's name",
      SEALED.replace("{ name: creds", "{ name: old"),
      {},
      `creds.yaml — its SealedSecret has the template name old, and creds ${cure}`,
    ],
    ["no YAML", "a: [", {}, "creds.yaml — can't be read as YAML: "],
  ];
  test.each(cases)("%s", (_name, text, request, message) => {
    expect(() => read(text, request)).toThrow(message);
  });
});
