/* A remote step's script travels on stdin: exports of its variables first, then the script with its libraries. */

const EXPORT = /export ([A-Z][A-Z0-9_]*)='((?:[^']|'\\'')*)'\n?/y;

interface Script {
  readonly variables: ReadonlyMap<string, string>;
  readonly body: string;
}

/** What two scripts differ in. */
export interface ScriptChange {
  /** Variables by name; a value is missing where the variable is. */
  readonly variables: readonly { readonly name: string; readonly from?: string; readonly to?: string }[];
  /** Whether what is run changed, not only what it is told. */
  readonly body: boolean;
}

/** Compares two scripts as they are sent to a machine (components/remote/script.ts). */
export function scriptChange(before: string, after: string): ScriptChange {
  const [old, current] = [parseScript(before), parseScript(after)];
  const names = [...new Set([...old.variables.keys(), ...current.variables.keys()])].sort();
  return {
    variables: names
      .map((name) => ({ name, from: old.variables.get(name), to: current.variables.get(name) }))
      .filter(({ from, to }) => from !== to),
    body: old.body !== current.body,
  };
}

/** Takes a script as it is sent to a machine apart. */
export function parseScript(text: string): Script {
  const variables = new Map<string, string>();
  EXPORT.lastIndex = 0;
  let end = 0;
  for (let match = EXPORT.exec(text); match; match = EXPORT.exec(text)) {
    variables.set(match[1] ?? "", (match[2] ?? "").replaceAll(`'\\''`, "'"));
    end = EXPORT.lastIndex;
  }
  return { variables, body: text.slice(end) };
}
