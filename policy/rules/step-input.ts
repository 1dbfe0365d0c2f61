/** `export NAME='value'`, the value over several lines and with quotes as components/remote/script.ts writes them. */
const EXPORT = /^export ([A-Z][A-Z0-9_]*)='((?:[^']|'\\'')*)'$/gm;

/** The variables that the input of a remote step gives to its script. */
export function exportedVariables(input: string): ReadonlyMap<string, string> {
  const found = [...input.matchAll(EXPORT)];
  return new Map(found.map(([, name = "", value = ""]) => [name, value.replaceAll(`'\\''`, "'")]));
}
