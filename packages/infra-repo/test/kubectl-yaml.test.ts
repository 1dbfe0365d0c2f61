import { loadAll } from "js-yaml";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { jsonOf, readDocuments, readObjects, writeObject } from "../kubectl-yaml";

const TEXTS = [
  ...["yes", "No", "on", "OFF", "y", "N", "true", "null", "~", "", " ", "0o17", "017", "1_000", "1:30", "0x1F", "1e3"],
  ...[
    ".inf",
    ".5",
    "2023-10-15",
    "2023-10-15T10:00:00Z",
    "=",
    "<<",
    "- a",
    "a: b",
    "a #b",
    "#a",
    "*a",
    "&a",
    "!a",
    "@a",
  ],
  ...[
    "%a",
    "|",
    ">",
    "line\nline\n",
    "line\n\n",
    " lead\nline",
    "tab\tx",
    "a\u0085b",
    "a\u2028b\nc",
    "\ufeffx",
    "ünï",
    "a b",
    ...[
      "x\r\ny",
      "\tx\n",
      "x\n\ty",
      " \n",
      "#x\ny",
      "x\u007fy\n",
      "---\nfoo\n",
      "x\u0090\ny",
      "\n",
      "x \n  \ny",
      "\r\n",
    ],
  ],
];

test("every reader, of YAML 1.1 and 1.2, reads the same from what is written", () => {
  const object = {
    data: Object.fromEntries(TEXTS.map((text, index) => [`key${index}`, text])),
    yes: "on",
    n: 1,
    b: false,
  };
  const written = writeObject(object);
  expect(loadAll(written)).toEqual([object]);
  expect(parse(written)).toEqual(object);
  expect(parse(written, { version: "1.1" })).toEqual(object);
});

test("what kubectl takes for booleans is written with quotes", () => {
  expect(writeObject({ FEATURE: "yes", DEBUG: "off", OK: "true", DAY: "2023-10-15", PLAIN: "a/b-c.d e", N: 3 })).toBe(
    'FEATURE: "yes"\nDEBUG: "off"\nOK: "true"\nDAY: "2023-10-15"\nPLAIN: a/b-c.d e\n"N": 3\n',
  );
});

test("manifests are read as kubectl reads them", () => {
  const text = `apiVersion: v1
kind: ConfigMap
metadata: { name: c }
data: { a: yes, b: "yes", c: 2023-10-15 }
---
# nothing
---
apiVersion: v1
kind: ConfigMapList
items: [{ metadata: { name: d } }]
`;
  expect(readObjects(text)).toEqual([
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: true, b: "yes", c: "2023-10-15" } },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "d" } },
  ]);
});

test("numbers and keys are Go's: octal, binary, grouped; the last of two keys", () => {
  const text = "a: 0644\nb: 0o17\nc: 0b11\nd: 0x1F\ne: 1_000\nf: -010\ng: 08\nh: 1:30\ni: 0\nj: '0644'\ni: 2\nk: 0o8\n";
  expect(readDocuments(text)).toEqual([
    { a: 420, b: 15, c: 3, d: 31, e: 1000, f: -8, g: 8, h: "1:30", i: 2, j: "0644", k: "0o8" },
  ]);
});

/** What kubectl 1.27 reads (`kubectl label --local -o json`); undefined for what it refuses. */
const READ: readonly (readonly [string, unknown])[] = [
  ["9007199254740993", 9007199254740993n],
  ["-9223372036854775808", -9223372036854775808n],
  ["0x7fffffffffffffff", 9223372036854775807n],
  ["9007199254740991", 9007199254740991],
  // Above a signed integer's 64 bits: a float to the API server, and text where Go has no float of that form.
  ["18446744073709551615", 18446744073709552000],
  ["123456789012345678901234567890", 1.2345678901234568e29],
  ["0xFFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFFF"],
  ["1e400", "1e400"],
  ...([
    ["1e3", 1000],
    ["1.0", 1],
    ["-.5", -0.5],
    ["1_0.5", 10.5],
    ["._5", "._5"],
    ["_1", "_1"],
    ["1:30", "1:30"],
  ] as const),
  ...([["-0o17", -15], ["089", 89], ["0b102", "0b102"], ["0x", "0x"], ["2001-12-14t21:59:43.10-05:00"]] as const).map(
    ([text, value]) => [text, value ?? text] as const,
  ),
  [".inf", undefined],
  ["-.Inf", undefined],
  [".NAN", undefined],
  ["!!float .inf", undefined],
  ["!!binary aGVsbG8=", "hello"],
  ["!own 5", "5"],
  ["!own { a: 1 }", { a: 1 }],
  ["!!omap [a: 1]", [{ a: 1 }]],
  ['!!int "9007199254740993"', 9007199254740993n],
  ["!!int abc", undefined],
  // A merge is made where it stands: over what is before it.
  ["{ a: 0, <<: [{ a: 1 }, { a: 2, b: 2 }], c: 3 }", { a: 1, b: 2, c: 3 }],
  ["\n  <<: { a: 1 }\n  <<: { b: 2 }\n  a: 3", { a: 3, b: 2 }],
  ['{ <<: { a: 1 }, "<<": { b: 2 } }', { a: 1, "<<": { b: 2 } }],
  ["[<<, { <<: &merged { a: 1 } }, *merged]", ["<<", { a: 1 }, { a: 1 }]],
  ["{ <<: 5 }", undefined],
  ["{ 9007199254740993: a, 1e3: b, 0x10: c, yes: d }", { "9007199254740993": "a", 1000: "b", 16: "c", true: "d" }],
];

test.each(READ.filter(([, value]) => value !== undefined))(
  "kubectl reads %s, and the same from what is written",
  (text, value) => {
    expect(readDocuments(`x: ${text}`)).toEqual([{ x: value }]);
    expect(readDocuments(writeObject({ x: value }))).toEqual([{ x: value }]);
  },
);

test.each(READ.filter(([, value]) => value === undefined))("kubectl refuses %s", (text) => {
  expect(() => readDocuments(`x: ${text}`)).toThrow();
});

test("JSON of an object with an integer that a number rounds is one that Go's readers take", () => {
  expect(jsonOf({ a: [2n ** 62n], b: "1" })).toBe('{"a":[4611686018427388000],"b":"1"}');
});
