export { nearest, shown } from "@gitops-platform/sentences/found";

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
