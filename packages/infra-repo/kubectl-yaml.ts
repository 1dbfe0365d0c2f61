import { DEFAULT_SCHEMA, loadAll, Type } from "js-yaml";
import { Document, isScalar, Scalar, visit } from "yaml";
import type { KubernetesObject } from "./kubernetes-object";

/** YAML 1.1 words that kubectl and Argo CD read as booleans. */
const TRUE = /^(y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const FALSE = /^(n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/;

const boolean = new Type("tag:yaml.org,2002:bool", {
  kind: "scalar",
  resolve: (text: unknown) => typeof text === "string" && (TRUE.test(text) || FALSE.test(text)),
  construct: (text: string) => TRUE.test(text),
});

/** kubectl reads a date as text. */
const noDate = new Type("tag:yaml.org,2002:timestamp", { kind: "scalar", resolve: () => false });

/** Go's integers: `0644` is octal, `0b1` binary, `1_000` a thousand; `08` is no octal and so a decimal. */
const INTEGER = /^[-+]?(0b[01]+|0o?[0-7]+|0x[0-9a-f]+|0[0-9]+|0|[1-9][0-9]*)$/i;

const integer = new Type("tag:yaml.org,2002:int", {
  kind: "scalar",
  resolve: (text: unknown) =>
    typeof text === "string" && /^[-+\d]/.test(text) && INTEGER.test(text.replaceAll("_", "")),
  construct: (text: string) => {
    const plain = text.replaceAll("_", "").replace(/^[-+]/, "");
    const octal = /^0o?([0-7]+)$/i.exec(plain)?.[1];
    return (text.startsWith("-") ? -1 : 1) * (octal === undefined ? Number(plain) : Number.parseInt(octal, 8));
  },
});

const KUBECTL = DEFAULT_SCHEMA.extend({ implicit: [boolean, noDate, integer] });

/** Reads documents as kubectl and Argo CD do: of a key that is there twice, the last one counts. @throws YAMLException */
export function readDocuments(text: string): unknown[] {
  return loadAll(text, undefined, { schema: KUBECTL, json: true });
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
