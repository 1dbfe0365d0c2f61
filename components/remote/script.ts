import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { reduceScript } from "./reduce-script";

/** Matches `. "$(dirname "$0")/../lib/log.sh"`: the form in which a script sources a library. */
const SOURCE_LINE = /^\. "\$\(dirname "\$0"\)\/(?<file>[\w./-]+\.sh)"$/gm;
const ENV_NAME = /^[A-Z][A-Z0-9_]*$/;

/** Reads a script and puts the text of every library it sources in place of the line that sources it. */
export function inlineLibraries(file: string): string {
  return readFileSync(file, "utf8").replace(SOURCE_LINE, (_line, library: string) =>
    inlineLibraries(join(dirname(file), library)).replace(/^#!.*\n/, ""),
  );
}

/** The text of a script as it is sent: with its libraries, and without what has no effect. */
export function effectiveScript(file: string): string {
  return reduceScript(inlineLibraries(file));
}

/** Quotes a value for POSIX shells; any text is safe, newlines and quotes included. */
export function shellQuote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** The text that travels on stdin: exports first, then the script with its libraries. */
export function renderScript(body: string, env: Readonly<Record<string, string>>): string {
  const exports = Object.entries(env).map(([name, value]) => {
    if (!ENV_NAME.test(name)) throw new Error(`script variable ${name} must be upper snake case`);
    return `export ${name}=${shellQuote(value)}`;
  });
  return [...exports, body].join("\n");
}
