import { CORE_SCHEMA, loadAll, Type } from "js-yaml";
import { Document, isScalar, Scalar, visit } from "yaml";
import type { KubernetesObject } from "./kubernetes-object";

/** YAML 1.1 words that kubectl and Argo CD read as booleans. */
const TRUE = /^(y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const FALSE = /^(n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/;
/** Go's integers: `0644` is octal, `0b1` binary, `1_000` a thousand. */
const INTEGER = /^([-+]?)(0b[01]+|0o?[0-7]+|0x[0-9a-f]+|0|[1-9][0-9]*)$/i;
const FLOAT = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/;
const NO_JSON = /^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/;

type Resolved = number | bigint | undefined;

/** An integer of 64 bits, exactly: a bigint if a number would round it. Undefined for what is none. */
function integerOf(text: string): Resolved {
  const [, sign, digits = ""] = INTEGER.exec(text.replaceAll("_", "")) ?? [];
  if (sign === undefined || !/^[-+\d]/.test(text)) return undefined;
  const exact = BigInt(digits.replace(/^0o?(?=[0-7]+$)/i, "0o")) * (sign === "-" ? -1n : 1n);
  if (exact >= 2n ** 64n || exact < -(2n ** 63n)) return undefined;
  // The API server's integers are signed: what is above them is a float to it.
  return Number.isSafeInteger(Number(exact)) || exact >= 2n ** 63n ? Number(exact) : exact;
}

/** A float, or what is too large for an integer; undefined for what is none, as `1e400`. */
function floatOf(text: string): Resolved {
  const plain = text.replaceAll("_", "");
  const number = /^([-+\d]|\.\d)/.test(text) && FLOAT.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

function scalar(name: string, read: (text: string) => unknown): Type {
  return new Type(`tag:yaml.org,2002:${name}`, {
    kind: "scalar",
    resolve: (text: unknown) => typeof text === "string" && (NO_JSON.test(text) || read(text) !== undefined),
    construct: (text: string) => {
      if (NO_JSON.test(text)) throw new Error(`${text} is a number that JSON, and so kubectl, doesn't have`);
      return read(text);
    },
  });
}

/** A tag of somebody's own says nothing to kubectl. */
const untagged = ["!", "tag:"].flatMap((tag) =>
  (["scalar", "sequence", "mapping"] as const).map(
    (kind) => new Type(tag, { kind, multi: true, construct: (value: unknown) => value }),
  ),
);

/** `<<`, with a number: a mapping may have several. */
const MERGE = "\0<<";
let merges = 0;

const KUBECTL = CORE_SCHEMA.extend({
  implicit: [
    new Type("tag:yaml.org,2002:bool", {
      kind: "scalar",
      resolve: (text: unknown) => typeof text === "string" && (TRUE.test(text) || FALSE.test(text)),
      construct: (text: string) => TRUE.test(text),
    }),
    scalar("int", integerOf),
    scalar("float", (text) => floatOf(text) ?? integerOf(text)),
    new Type("tag:kubectl,merge", {
      kind: "scalar",
      resolve: (text: unknown) => text === "<<",
      construct: () => `${MERGE}${merges++}`,
    }),
  ],
  explicit: [scalar("binary", (text) => Buffer.from(text, "base64").toString("utf8")), ...untagged],
});

/** A document with its merges made: as Go's parser does, in the order of the keys, each over what stands before it. */
function merged(value: unknown, done = new Map<unknown, unknown>()): unknown {
  if (typeof value === "string" && value.startsWith(MERGE)) return "<<";
  if (typeof value !== "object" || value === null) return value;
  const known = done.get(value);
  if (known !== undefined) return known;
  const result: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {};
  done.set(value, result);
  if (Array.isArray(result)) {
    result.push(...(value as unknown[]).map((item) => merged(item, done)));
    return result;
  }
  for (const [key, written] of Object.entries(value)) {
    const field = merged(written, done);
    if (!key.startsWith(MERGE)) {
      Object.defineProperty(result, key, { value: field, enumerable: true, configurable: true, writable: true });
      continue;
    }
    for (const source of (Array.isArray(field) ? (field as unknown[]) : [field]).reverse()) {
      if (typeof source !== "object" || source === null) throw new Error("a merge (<<) needs a map, or a list of maps");
      Object.assign(result, source);
    }
  }
  return result;
}

/**
 * Reads documents as kubectl and Argo CD do: of a key that is there twice, the last one counts, and integers that a
 * number would round are bigints. @throws Error, a YAMLException for what is no YAML
 */
export function readDocuments(text: string): unknown[] {
  return loadAll(text, undefined, { schema: KUBECTL, json: true }).map((document) => merged(document));
}

/** JSON for a comparison, or for a program that reads numbers: of bigints as well. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => (typeof field === "bigint" ? Number(field) : field));
}

/** The objects of a manifest. Lists are their items; empty documents are nothing. @throws YAMLException */
export function readObjects(text: string): KubernetesObject[] {
  return readDocuments(text).flatMap(itemsOf);
}

/** The objects of a document: itself, or the items of a List of any kind. */
export function itemsOf(document: unknown): KubernetesObject[] {
  if (typeof document !== "object" || document === null) return [];
  const { kind, items } = document as { kind?: unknown; items?: unknown };
  if (typeof kind !== "string") return [];
  if (!kind.endsWith("List") || !Array.isArray(items)) return [normal(document as KubernetesObject)];
  const { apiVersion } = document as { apiVersion?: string };
  // `kubectl get -o json` names each item's kind; a typed list as the API serves it doesn't.
  const inherited = kind === "List" ? {} : { apiVersion, kind: kind.slice(0, -"List".length) };
  return items
    .filter((item) => typeof item === "object" && item !== null)
    .flatMap((item) => itemsOf({ ...inherited, ...(item as object) }));
}

/** Rules read metadata of every object; the schema check reports where a manifest has none. */
function normal(object: KubernetesObject): KubernetesObject {
  const { kind, metadata } = object as Partial<KubernetesObject>;
  const apiVersion = object.apiVersion as string | number | undefined;
  if (typeof apiVersion === "string" && metadata?.name !== undefined) return object;
  const { generateName = "" } = (metadata ?? {}) as { generateName?: string };
  return {
    ...object,
    apiVersion: String(apiVersion ?? ""),
    kind: kind ?? "",
    metadata: { name: generateName, ...metadata },
  };
}

/** A value with the keys of every object in order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, field]) => [name, sorted(field)]));
}

/** Plain text that no YAML reader takes for anything but a string. */
const PLAIN = /^[A-Za-z_/][\w./-]*( [\w./-]+)*$/;
const WORDS = /^(true|false|yes|no|on|off|y|n|null|nan|inf)$/i;

/** What no YAML text may have as it is, or what a reader takes for a line's end. */
const UNPRINTABLE = /[^\t\n\x20-\x7e\u00a0-\u2027\u202a-\ufefe\uff00-\ufffd]/;

/** Lines that a block keeps as they are: printable, none of blanks alone, the first one not indented. */
function isBlock(value: string): boolean {
  return value.includes("\n") && !/^\s/.test(value) && !/^[ \t]+$/m.test(value) && !UNPRINTABLE.test(value);
}

/** Writes an object so that readers of YAML 1.1 and 1.2 read the same. */
export function writeObject(object: unknown): string {
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (!isScalar(node) || typeof node.value !== "string") return;
      const { value } = node;
      if (isBlock(value)) return;
      if (!PLAIN.test(value) || WORDS.test(value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  const text = document.toString({ lineWidth: 0 });
  // YAML 1.1 takes some of these for line breaks, and refuses the others.
  return text.replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
