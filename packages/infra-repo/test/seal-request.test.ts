import { describe, expect, test } from "vitest";
import { sealRequest } from "../sealed/seal-request";

function request(args: readonly string[], flags: { out?: string; scope?: string } = {}) {
  const [stack = "", namespace = "", name = "", ...pairs] = args;
  return sealRequest(stack, namespace, name, pairs, flags);
}

test("values come from standard input or from files", () => {
  expect(
    request(["staging", "store", "store-auth", "password=-", "ca.crt=file:/tmp/ca.crt"], { out: "x.yaml" }),
  ).toEqual({
    stack: "staging",
    namespace: "store",
    name: "store-auth",
    values: { password: { from: "stdin" }, "ca.crt": { from: "file", path: "/tmp/ca.crt" } },
    out: "x.yaml",
  });
});

describe("what can't be sealed is refused", () => {
  const cases: readonly [string, readonly string[], string][] = [
    [
      "a value on the command line, which isn't repeated",
      ["staging", "store", "store-auth", "password=hunter2"],
      "password — its value doesn't belong on the command line, which every process can read and the shell remembers; give password=- and the value on standard input, or password=file:PATH. If that was the real value, change it",
    ],
    [
      "a value in the place of a key, which isn't repeated",
      ["staging", "store", "store-auth", "hunter 2"],
      "a key — is no key of a Secret (need letters, digits, - _ and .); write KEY=-",
    ],
    [
      "two values on one standard input",
      ["staging", "store", "store-auth", "a=-", "b=-"],
      "b=- — standard input is a's already; give the others as KEY=file:PATH",
    ],
    [
      "a key given twice",
      ["staging", "store", "store-auth", "a=-", "a=file:x"],
      "a — is given twice; give each key once",
    ],
    [
      "a name that is none",
      ["staging", "Store", "store-auth", "a=-"],
      'namespace — "Store" is no name (need lower-case letters, digits, - and .); correct it',
    ],
  ];
  test.each(cases)("%s", (_name, args, message) => {
    expect(() => request(args)).toThrow(new Error(message));
  });

  test("an unknown scope", () => {
    expect(() => request(["staging", "store", "store-auth", "a=-"], { scope: "wide" })).toThrow(
      new Error("--scope — got wide, need strict, namespace-wide or cluster-wide; choose one"),
    );
  });
});
