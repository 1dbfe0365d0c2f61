/**
 * What was found, for a sentence that is printed in logs and in CI. Text is shown only where it cannot hold a secret:
 * one short line without a password in a URL.
 */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return "an object";
  if (typeof value !== "string") return JSON.stringify(value);
  if (value === "") return "an empty text";
  if (value.includes("\n")) return `a text of ${value.split("\n").length} lines`;
  if (value.length > 100) return `a text of ${value.length} characters`;
  return JSON.stringify(value.replace(/(:\/\/)[^/@]*@/, "$1…@"));
}

/** The nearest of some names, if it is near enough to be meant. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [line, left] of Array.from(a).entries()) {
    const next = [line + 1];
    for (const [column, right] of Array.from(b).entries()) {
      const replaced = (row[column] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
