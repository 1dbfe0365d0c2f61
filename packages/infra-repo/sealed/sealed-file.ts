import { existsSync, readFileSync } from "node:fs";
import { parse, parseAllDocuments } from "yaml";
import type { Scope } from "./kubeseal";
import type { SealRequest } from "./seal-request";
import { scopeOf } from "./sealed-secrets";

/** A file with the SealedSecret that a request adds to. What it says decides how new values are sealed. */
export interface SealedFile {
  readonly scope: Scope;
  readonly type: string;
  /** The file with the values of a new SealedSecret set; everything else stays as it is. */
  readonly withValues: (sealed: string) => string;
}

interface Manifest {
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly annotations?: Readonly<Record<string, unknown>>;
  };
  readonly spec?: {
    readonly template?: {
      readonly type?: string;
      readonly metadata?: { readonly name?: string; readonly namespace?: string };
    };
  };
}

/**
 * Reads the file that a request writes to; undefined when there is none yet.
 *
 * @throws when the file holds something else, or says another scope, type, name or namespace than the request
 */
export function readSealedFile(file: string, request: SealRequest): SealedFile | undefined {
  if (!existsSync(file)) return undefined;
  const { name, namespace, out = file } = request;
  const text = readFileSync(file, "utf8");
  const documents = parseAllDocuments(text);
  const [error] = documents.flatMap((document) => document.errors);
  if (error) throw new Error(`${out} — can't be read as YAML: ${error.message.split("\n")[0]}; correct it`);
  const manifests = documents.map((document) => (document.toJS() ?? {}) as Manifest);
  const index = manifests.findIndex(
    ({ kind, metadata }) =>
      kind === "SealedSecret" && metadata?.name === name && (metadata.namespace ?? namespace) === namespace,
  );
  const manifest = manifests[index];
  if (!manifest) {
    const held = manifests.map(({ kind, metadata }) => `${kind ?? "nothing"} ${idOf(metadata)}`.trim()).join(", ");
    const found = `holds ${held || "nothing"}, not SealedSecret ${namespace}/${name}`;
    throw new Error(`${out} — ${found}; choose another file, or remove it`);
  }
  const scope = scopeOf(manifest.metadata?.annotations);
  const type = manifest.spec?.template?.type ?? "Opaque";
  const secret = manifest.spec?.template?.metadata;
  const differs = (what: string, got: string, has: string): Error =>
    new Error(
      `${out} — its SealedSecret has the ${what} ${has}, and ${got} was asked for; leave the option out, or remove the file and seal every key again`,
    );
  if (request.scope !== undefined && request.scope !== scope) throw differs("scope", request.scope, scope);
  if (request.type !== undefined && request.type !== type) throw differs("type", request.type, type);
  if ((secret?.name ?? name) !== name) throw differs("template name", name, secret?.name ?? "");
  if ((secret?.namespace ?? namespace) !== namespace)
    throw differs("template namespace", namespace, secret?.namespace ?? "");
  return {
    scope,
    type,
    withValues: (sealed) => {
      const { spec } = parse(sealed) as { spec: { encryptedData: Record<string, string> } };
      const document = documents[index];
      if (!document?.getIn(["spec", "encryptedData"]))
        document?.setIn(["spec", "encryptedData"], document.createNode({}));
      for (const [key, value] of Object.entries(spec.encryptedData))
        document?.setIn(["spec", "encryptedData", key], value);
      // kubectl takes what begins with a brace for JSON, and needs its quotes.
      const indent = /^\s*\{(?:\r?\n([ \t]+))?/.exec(text);
      if (indent && documents.length === 1) return `${JSON.stringify(document?.toJS(), null, indent[1])}\n`;
      return documents
        .map((each) => each.toString({ lineWidth: 0 }))
        .map((each, position) => (position === 0 || each.startsWith("---") ? each : `---\n${each}`))
        .join("");
    },
  };
}

function idOf(metadata: Manifest["metadata"]): string {
  return [metadata?.namespace, metadata?.name].filter((part) => part !== undefined).join("/");
}
