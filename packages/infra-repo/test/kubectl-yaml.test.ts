import { loadAll } from "js-yaml";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readDocuments, readObjects, writeObject } from "../kubectl-yaml";

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
