import { posix } from "node:path";
import { parseAllDocuments } from "yaml";
import type { FileDocument, FileText, RepositoryContent } from "./files";
import type { Finding } from "./finding";

type Fields = Readonly<Record<string, unknown>>;

const CURE =
  "seal it (npm run seal -- STACK NAMESPACE NAME KEY=-), and change the value wherever it is used: Git never forgets";

/** Argo CD's own Secrets hold addresses, too: only these fields are secret. */
const ARGO_CD_SECRETS = [
  ...["password", "username", "sshPrivateKey", "tlsClientCertData", "tlsClientCertKey", "bearerToken", "config"],
  ...["githubAppPrivateKey", "gcpServiceAccountKey", "proxy"],
];

/** Secrets in clear anywhere in a repository, in every form: what is in Git is out, whether anything lists it or not. */
export function plainSecrets({ names, documents, texts }: RepositoryContent): Finding[] {
  return [
    ...documents.flatMap((document) => [
      ...inDocument(document),
      ...generated(document, new Set(names)),
      ...patched(document, documents),
    ]),
    ...texts.flatMap(inText),
  ];
}

/** The keys of a Secret that hold a value in clear; none for a Secret without values, or with placeholders only. */
export function clearKeys(object: Fields): string[] {
  const labels = fields(fields(object["metadata"])["labels"]);
  const ofArgoCd = labels["argocd.argoproj.io/secret-type"] !== undefined;
  // SOPS encrypts the values and says so in a field of its own; each value is ENC[…].
  return [...Object.entries(fields(object["data"])), ...Object.entries(fields(object["stringData"]))]
    .filter(([key, value]) => (ofArgoCd ? ARGO_CD_SECRETS.includes(key) : true) && !isPlaceholder(value))
    .map(([key]) => key);
}

/** Nothing, or a mark that a tool replaces: SOPS, Vault's plugins, vals, environment variables, templates. */
const MARK = /^(ENC\[[^\]]*\]|<[^<>]+>|\$\{[^}]+\}|\{\{[^}]*\}\}|\$\([^)]+\)|ref\+\w+:\/\/\S+|vault:\S+#\S+)?$/;

/** What stands for a template's action. */
const ACTION = "<action>";

function isPlaceholder(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  const scalar = value as string | number | boolean;
  const text = String(scalar).trim();
  // `data` holds a mark in base64.
  return (
    text.includes(ACTION) ||
    MARK.test(text) ||
    (/^[A-Za-z0-9+/]{4,}={0,2}$/.test(text) && MARK.test(Buffer.from(text, "base64").toString()))
  );
}

/** Every Secret inside a document: itself, items of lists, patches, values of charts, manifests kept as text. */
function inDocument({ file, line, content }: FileDocument): Finding[] {
  return secretsIn(content).map((secret) => {
    const { name } = fields(secret["metadata"]) as { name?: string };
    const keys = clearKeys(secret).join(", ");
    const text = `is a Secret in clear (${keys}); ${CURE}`;
    return { rule: "plain-secret", place: `${file}:${line}`, object: `Secret ${name ?? "?"}`, text };
  });
}

function secretsIn(value: unknown, kind?: string): Fields[] {
  if (typeof value === "string") return /\bkind["']?\s*:\s*["']?Secret/.test(value) ? manifestsIn(value) : [];
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(item, kind));
  const object = value as Fields;
  const own = object["kind"] ?? kind;
  if (own === "Secret" && clearKeys(object).length > 0) return [object];
  return Object.entries(object).flatMap(([name, field]) =>
    secretsIn(field, own === "SecretList" && name === "items" ? "Secret" : undefined),
  );
}

/** The Secrets of a manifest that is kept as text: in a patch, in a chart's values, in a ConfigMap. */
function manifestsIn(text: string): Fields[] {
  return manifests(text).flatMap((document) => secretsIn(document));
}

/** The documents of a text; none if it is something else. */
function manifests(text: string): unknown[] {
  return parseAllDocuments(text, { logLevel: "silent", merge: true }).flatMap((document): unknown[] => {
    if (document.errors.length > 0) return [];
    try {
      return [document.toJS() as unknown];
    } catch {
      return []; // Text with an anchor that isn't its own is no manifest.
    }
  });
}

/** Secrets that kustomize would make of what is in the repository; a kustomization is known by its name, too. */
function generated({ file, line, content }: FileDocument, names: ReadonlySet<string>): Finding[] {
  const written = isKustomization(file, content) ? list(content["generators"]).flatMap(manifests).map(fields) : [];
  const generators = [content, ...written].filter(({ kind }) => kind === "SecretGenerator");
  const own = isKustomization(file, content) ? content["secretGenerator"] : undefined;
  const entries: readonly unknown[] = [
    ...(Array.isArray(own) ? (own as unknown[]) : []),
    ...generators.map((generator) => ({ ...generator, name: fields(generator["metadata"])["name"] })),
  ];
  return entries.map(fields).flatMap((entry) => {
    const literals = list(entry["literals"]).filter(
      (literal) => !isPlaceholder(literal.slice(literal.indexOf("=") + 1)),
    );
    const files = [...list(entry["files"]), ...list(entry["envs"]), ...list(entry["env"])]
      .map((source) => source.slice(source.indexOf("=") + 1))
      .filter((source) => names.has(posix.join(posix.dirname(file), source)));
    if (literals.length + files.length === 0) return [];
    const object = `Secret ${typeof entry["name"] === "string" ? entry["name"] : "?"}`;
    const text = `makes a Secret in clear; ${CURE}`;
    return [{ rule: "plain-secret", place: `${file}:${line}`, object, field: "secretGenerator", text }];
  });
}

function isKustomization(file: string, { kind }: Fields): boolean {
  return kind === "Kustomization" || kind === "Component" || /(^|\/)kustomization(\.ya?ml)?$/i.test(file);
}

/** Values that a kustomization puts into a Secret by JSON patches, written out or in a file. */
function patched({ file, line, content }: FileDocument, documents: readonly FileDocument[]): Finding[] {
  if (!isKustomization(file, content)) return [];
  const patches = [content["patches"], content["patchesJson6902"]].flatMap((all) =>
    Array.isArray(all) ? all.map(fields) : [],
  );
  return patches.flatMap(({ target, patch, path }) => {
    const { kind, name } = fields(target) as { kind?: unknown; name?: string };
    if (kind !== "Secret") return [];
    const there = typeof path === "string" ? posix.join(posix.dirname(file), path) : undefined;
    const operations =
      typeof patch === "string"
        ? manifests(patch)
        : documents.filter((other) => other.file === there).map((other) => other.content);
    const clear = operations.flatMap((all) => (Array.isArray(all) ? all.map(fields) : [])).filter(isValue);
    if (clear.length === 0) return [];
    const text = `puts a value in clear into a Secret; ${CURE}`;
    return [
      {
        rule: "plain-secret",
        place: `${there ?? file}:${there === undefined ? line : 1}`,
        object: `Secret ${name ?? "?"}`,
        text,
      },
    ];
  });
}

/** Whether a JSON patch's operation writes a value in clear below `data` or `stringData`. */
function isValue({ path, value }: Fields): boolean {
  const [, field, key] = /^\/(data|stringData)(\/.*)?$/.exec(String(path)) ?? [];
  if (field === undefined) return false;
  return key === undefined ? Object.values(fields(value)).some((each) => !isPlaceholder(each)) : !isPlaceholder(value);
}

/** Secrets in a template or a broken file, line by line: values that are written out and no expressions. */
function inText({ file, text }: FileText): Finding[] {
  const lines = text.split("\n");
  const starts = lines.flatMap((line, index) => (index === 0 || /^---/.test(line) ? [index] : []));
  return starts.flatMap((start, index): Finding[] => {
    const part = lines.slice(start, starts[index + 1]);
    if (!part.some((line) => KIND.test(line))) return [];
    const value = part.findIndex((_line, at) => isValueInClear(part, at));
    const [secret] = value < 0 ? manifestsIn(withoutActions(withoutComments(part.join("\n")))) : [];
    if (value < 0 && secret === undefined) return [];
    const place = `${file}:${start + Math.max(value, 0) + 1}`;
    return [{ rule: "plain-secret", place, object: "Secret ?", text: `holds a value of a Secret in clear; ${CURE}` }];
  });
}

const KIND = /(^|[\s{,-])["']?kind["']?\s*:\s*["']?Secret["']?\s*([,}#\r]|$)/;

/** Comments that programs take in JSON. */
function withoutComments(text: string): string {
  return text.replaceAll(/^[ \t]*\/\/.*$/gm, "").replaceAll(/^[ \t]*\/\*[\s\S]*?\*\//gm, "");
}

/** A text that a template's action only encodes or quotes. */
const WRITTEN = /^\{\{-?\s*["`](.+?)["`](?:\s*\|\s*(?:b64enc|quote|squote|trim|toString|nindent \d+))*\s*-?\}\}$/;

/** A template whose actions are out of the way: those with a line of their own are gone, others are placeholders. */
function withoutActions(text: string): string {
  return text.replaceAll(/^[ \t]*\{\{[^}]*\}\}[ \t]*$/gm, "").replaceAll(/\{\{[^}]*\}\}/g, ACTION);
}

/** Whether a line is an entry below `data:` or `stringData:` with a value that is no expression. */
function isValueInClear(lines: readonly string[], index: number): boolean {
  const entry = /^(\s*)["']?[-._\w]+["']?\s*:\s*(\S.*?)\s*,?\s*$/.exec(lines[index] ?? "");
  if (!entry) return false;
  const written = (entry[2] ?? "").replace(/\s+#.*$/, "").replace(/^(["'])(.*)\1$/, "$2");
  const text = /^[|>][-+\d]*$/.test(written) ? (lines[index + 1] ?? "").trim() : written;
  const value = WRITTEN.exec(text)?.[1] ?? text;
  if (value.includes("{{") || value === "{}" || isPlaceholder(value)) return false;
  const indent = entry[1]?.length ?? 0;
  const parent = lines
    .slice(0, index)
    .reverse()
    .find((line) => line.trim() !== "" && !/^\s*(#|\{\{)/.test(line) && line.search(/\S/) < indent);
  return /^\s*["']?(data|stringData)["']?\s*:\s*\{?\s*(#.*)?\r?$/.test(parent ?? "");
}

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function list(value: unknown): string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return all.filter((item) => typeof item === "string");
}
