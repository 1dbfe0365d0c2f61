import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { CORE_SCHEMA, load } from "js-yaml";
import { type Document, LineCounter, parseDocument } from "yaml";

/** A stack file as Pulumi keeps it; config/schema.ts knows what its configuration may be. */
export interface StackYaml {
  readonly encryptionsalt?: string;
  readonly secretsprovider?: string;
  /** By key with its namespace: `gitops-platform:nodes`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A stack file that can't be read as YAML: a problem of the configuration, in the words of config/load.ts. */
export class StackFileError extends Error {}

/**
 * Reads a stack file without opening its secrets.
 *
 * @throws StackFileError naming the place, and nothing that stands there: it may be a secret
 */
export function readStackYaml(file: string): StackYaml {
  const lineCounter = new LineCounter();
  const text = readFileSync(file, "utf8");
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  const asPulumi = error && readLoosely(text);
  if (error && asPulumi === undefined) {
    const { col, line } = lineCounter.linePos(error.pos[0]);
    // Some messages end in what was found.
    const reason = error.message.replace(/: [\s\S]*$/, "");
    throw broken(file, `line ${line}, column ${col}`, `is not YAML: ${reason}; correct it there`);
  }
  const content = asPulumi ?? contentOf(document, file);
  if (typeof content === "object" && !Array.isArray(content)) return content as StackYaml;
  throw broken(file, "line 1", "is no stack file (need keys, config: among them); put it back from Git");
}

/** Pulumi's parser, as JavaScript's older one, doesn't mind how lines inside braces and quotes are indented. */
function readLoosely(text: string): unknown {
  try {
    return load(text, { schema: CORE_SCHEMA });
  } catch {
    return undefined;
  }
}

function contentOf(document: Document, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch {
    throw broken(file, "somewhere", "has an alias (*name) without its anchor (&name); write the anchor before it");
  }
}

function broken(file: string, place: string, problem: string): StackFileError {
  const stack = /^Pulumi\.(.+)\.yaml$/.exec(basename(file))?.[1] ?? basename(file);
  return new StackFileError(
    `The configuration of stack ${stack} has 1 problem; nothing was changed:\n  - ${basename(file)}, ${place}, ${problem}`,
  );
}
