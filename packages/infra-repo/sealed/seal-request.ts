import type { Scope } from "./kubeseal";

/** Where a value comes from: this process' standard input, or a file. Never the command line, which everybody can read. */
export type ValueSource = { readonly from: "stdin" } | { readonly from: "file"; readonly path: string };

/** The command line of `npm run seal`. */
export interface SealRequest {
  readonly stack: string;
  readonly namespace: string;
  readonly name: string;
  readonly values: Readonly<Record<string, ValueSource>>;
  /** Unset: what the file has, else strict. */
  readonly scope?: Scope;
  /** Unset: what the file has, else Opaque. */
  readonly type?: string;
  readonly out?: string;
}

/** The command line of `npm run seal`. */
export const SEAL_USAGE = {
  arguments: [
    { name: "STACK", summary: "local, or a stack with a Pulumi.STACK.yaml" },
    { name: "NAMESPACE", summary: "the Secret's namespace" },
    { name: "NAME", summary: "the Secret's name" },
    {
      name: "KEY=SOURCE",
      summary: "KEY=- reads the value from standard input, KEY=file:PATH from a file",
      many: true,
    },
  ],
  flags: {
    out: {
      type: "string",
      value: "FILE",
      summary:
        "writes the SealedSecret there; in a file that has it already, the given keys are set and the rest stays",
    },
    type: { type: "string", value: "TYPE", summary: "the Secret's type (default: the file's, else Opaque)" },
    scope: {
      type: "string",
      value: "SCOPE",
      summary:
        "strict: opens under this name in this namespace; namespace-wide; cluster-wide (default: the file's, else strict)",
    },
  },
} as const;

const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Understands a command line. @throws with the problem, and never with anything that could be a value */
export function sealRequest(
  stack: string,
  namespace: string,
  name: string,
  pairs: readonly string[],
  flags: { readonly [flag in "out" | "type" | "scope"]?: string | undefined },
): SealRequest {
  for (const [what, text] of Object.entries({ namespace, name })) {
    if (!NAME.test(text))
      throw new Error(
        `${what} — ${JSON.stringify(text)} is no name (need lower-case letters, digits, - and .); correct it`,
      );
  }
  const { scope } = flags;
  if (scope !== undefined && scope !== "strict" && scope !== "namespace-wide" && scope !== "cluster-wide")
    throw new Error(`--scope — got ${scope}, need strict, namespace-wide or cluster-wide; choose one`);
  const values: Record<string, ValueSource> = {};
  for (const pair of pairs) {
    const [key, source] = readPair(pair);
    if (values[key]) throw new Error(`${key} — is given twice; give each key once`);
    const taken = Object.entries(values).find(([, other]) => other.from === "stdin")?.[0];
    if (source.from === "stdin" && taken !== undefined)
      throw new Error(`${key}=- — standard input is ${taken}'s already; give the others as KEY=file:PATH`);
    values[key] = source;
  }
  return {
    stack,
    namespace,
    name,
    values,
    ...(scope === undefined ? {} : { scope }),
    ...(flags.type === undefined ? {} : { type: flags.type }),
    ...(flags.out === undefined ? {} : { out: flags.out }),
  };
}

function readPair(pair: string): [string, ValueSource] {
  const index = pair.indexOf("=");
  const key = index < 0 ? pair : pair.slice(0, index);
  // A whole pair may be a secret in the wrong place: it isn't repeated.
  if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key))
    throw new Error("a key — is no key of a Secret (need letters, digits, - _ and .); write KEY=-");
  const source = index < 0 ? "" : pair.slice(index + 1);
  if (source === "-") return [key, { from: "stdin" }];
  if (source.startsWith("file:") && source.length > 5) return [key, { from: "file", path: source.slice(5) }];
  throw new Error(
    `${key} — its value doesn't belong on the command line, which every process can read and the shell remembers; ` +
      `give ${key}=- and the value on standard input, or ${key}=file:PATH. If that was the real value, change it`,
  );
}
