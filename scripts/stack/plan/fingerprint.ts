import { createHash } from "node:crypto";
import { nameOf } from "../../../components/tokens";
import { protectionChange } from "./change";
import { SECRET, type Digest, type Step, type StepState } from "./digest";
import { isSecretContent, isSensitive } from "./sensitive";

/* What identifies a plan. People read a summary, which may leave a difference out. */

/** Stands for the part of an identity that every preview makes up anew. */
const MADE_UP = "<made up>";

/**
 * The SHA-256 of what a preview would do to a stack: every step with its inputs before and after, its protection, and
 * the configuration and program that it was made by. The same plan made twice has the same one.
 *
 * It is published, so nothing secret goes into it: that a secret changes counts, its value doesn't. A script that holds
 * a secret is secret as a whole; what else is in it comes from the configuration and the program, which count whole.
 */
export function fingerprintOf(stack: string, { config, program, steps: all = [] }: Digest): string {
  const steps = all.filter((step) => step.op !== "same" || protectionChange(step));
  const made = new Set(steps.filter(({ op }) => /create|replace/.test(op)).map(({ urn }) => nameOf(urn)));
  const settings = Object.entries(config ?? {}).map(([key, text]) => [key, parsed(text)] as const);
  const content = {
    stack,
    program,
    config: Object.fromEntries(settings),
    steps: steps.map((step) => JSON.stringify(ordered(outlineOf(step, made)))).sort(),
  };
  return createHash("sha256")
    .update(JSON.stringify(ordered(content)))
    .digest("hex");
}

function outlineOf(step: Step, made: ReadonlySet<string>): object {
  const { op, urn, detailedDiff, diffReasons, replaceReasons, oldState, newState } = step;
  const stateOf = (state: StepState | undefined): object | undefined =>
    state && { inputs: outlinedInputs(state, made), protect: state.protect === true };
  return {
    ...{ op, urn, before: stateOf(oldState), after: stateOf(newState) },
    changes: Object.entries(detailedDiff ?? {})
      .map(([path, { kind }]) => `${path} ${kind}`)
      .sort(),
    reasons: [...new Set([...(diffReasons ?? []), ...(replaceReasons ?? [])])].sort(),
  };
}

function outlinedInputs({ type, inputs }: StepState, made: ReadonlySet<string>): object {
  const outlines = Object.entries(inputs ?? {}).map(([name, value]) => {
    if (isSecretContent(type, name)) return [name, blanked(value)] as const;
    return [name, outlined(value, name, made)] as const;
  });
  return Object.fromEntries(outlines);
}

/** A value without anything secret, and without what the next preview would make up in another way. */
function outlined(value: unknown, name: string, made: ReadonlySet<string>): unknown {
  if (isSensitive(name)) return blanked(value);
  if (typeof value === "string") return withoutMadeUp(value, made);
  if (Array.isArray(value)) return value.map((item) => outlined(item, name, made));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, outlined(item, key, made)]));
}

/** The shape of a value. Yes and no are no secrets. */
function blanked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(blanked);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, blanked(item)]));
  return typeof value === "string" || typeof value === "number" ? SECRET : value;
}

const WORD = /[\w-]+(?:\.[\w-]+)*/g;

/** The identity of a command that isn't made yet is `<name><8 hexadecimal digits>`, others each time (command 1.2.1). */
function withoutMadeUp(text: string, made: ReadonlySet<string>): string {
  return text.replaceAll(WORD, (word) => {
    const name = word.slice(0, -8);
    return made.has(name) && /[0-9a-f]{8}$/.test(word) ? name + MADE_UP : word;
  });
}

/** Encrypted values are blank already; what is in clear stands in Git. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The same value with its keys in order. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, ordered(item)]));
}
