/** The Pulumi project, which is also the namespace of its configuration keys. */
export const PROJECT = "gitops-platform";

/** One thing wrong in the configuration: the key it is about, and a sentence that starts with that key. */
export interface Problem {
  readonly key: string;
  readonly sentence: string;
  /** A preview goes on without it: it is left to the operator, and an update refuses. @default false */
  readonly open?: boolean;
  /** Keys, `[*]` for any place in a list: where one has a problem itself, this one only follows from it. @default none */
  readonly follows?: readonly string[];
}

/** What decides which kinds of nodes there are. */
export const NODE_KINDS: readonly string[] = ["nodes", "nodes[*]", "nodes[*].kind"];

/** A problem at a key. `text` continues the sentence after the key: `is missing; add it`. */
export function problem(key: string, text: string, more: Pick<Problem, "follows"> = {}): Problem {
  return { key, sentence: `${key} ${text}`, ...more };
}

/** Without the problems that only follow from one of others: advice about them would be wrong. */
export function withoutFollowers(problems: readonly Problem[], others: readonly Problem[]): Problem[] {
  const keys = new Set(others.flatMap(({ key }) => [key, key.replaceAll(/\[\d+\]/g, "[*]")]));
  return problems.filter(({ follows = [] }) => !follows.some((key) => keys.has(key)));
}

/** A problem with what a stack file leaves to the operator: secrets, and digests that only a connected machine can look up. */
export function openProblem(key: string, text: string): Problem {
  return { ...problem(key, text), open: true };
}

/** `["nodes", 2, "address"]` → `nodes[2].address`. */
export function keyOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((key, step) => {
    if (typeof step === "number") return `${key}[${step}]`;
    return key === "" ? String(step) : `${key}.${String(step)}`;
  }, "");
}

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
