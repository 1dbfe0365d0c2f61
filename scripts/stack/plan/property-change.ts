import { addressOf } from "./address";
import { SECRET, UNKNOWN, type Step } from "./digest";
import { commandLine } from "./note";
import { scriptChange } from "./script-change";
import { isSecretContent, isSensitive } from "./sensitive";

/** Longest value that a plan shows. */
const MAX_VALUE = 60;

/** What changes in one resource, a line each: `spec.replicas: 1 → 2`, `its script (secret)`. */
export function propertyChanges(step: Step): readonly string[] {
  const told = Object.keys(step.detailedDiff ?? {});
  const paths = [...(told.length > 0 ? told : topLevel(step))].sort();
  return [...new Set(paths.flatMap((path) => describe(step, path)))];
}

/** What changed where no provider told: the engine itself compares components, and names nothing. */
function topLevel(step: Step): readonly string[] {
  if (step.diffReasons && step.diffReasons.length > 0) return step.diffReasons;
  const [before, after] = [step.oldState?.inputs ?? {}, step.newState?.inputs ?? {}];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

function describe(step: Step, path: string): readonly string[] {
  const before = lookUp(step.oldState?.inputs, path);
  const after = lookUp(step.newState?.inputs, path);
  if (path === "stdin") return describeScript(before, after);
  if (isHidden(step, path, before, after)) return [`${path} (secret)`];
  if (COMMANDS.has(path) && isCommand(step)) return describeCommand(path, before, after);
  return describeValue(path, before, after);
}

function describeValue(path: string, before: unknown, after: unknown): readonly string[] {
  const [from, to] = [shown(before), shown(after)];
  if (from === undefined || to === undefined) return [path];
  return [`${path}: ${from} → ${to}`];
}

const COMMANDS: ReadonlySet<string> = new Set(["create", "update", "delete"]);

function isCommand({ urn }: Step): boolean {
  return addressOf(urn).type.startsWith("command:");
}

/** What a step says of itself is the same in all it runs: whoever reads the plan sees it once. */
function describeCommand(path: string, before: unknown, after: unknown): readonly string[] {
  if (typeof before !== "string" || typeof after !== "string") return describeValue(path, before, after);
  const [old, current] = [commandLine(before), commandLine(after)];
  return [
    ...(old.facts === current.facts ? [] : [`${old.facts ?? "nothing said"} → ${current.facts ?? "nothing said"}`]),
    ...(old.command === current.command ? [] : describeValue(path, old.command, current.command)),
  ];
}

function describeScript(before: unknown, after: unknown): readonly string[] {
  if (typeof before !== "string" || typeof after !== "string") return ["its script"];
  if (before === SECRET || after === SECRET) return ["its script (secret)"];
  if (after === UNKNOWN) return ["its script, known once what it depends on is made"];
  const { variables, body } = scriptChange(before, after);
  return [
    ...variables.map(({ name, from, to }) => {
      // Identities of machines that aren't made yet are made up anew by every preview.
      if (isSensitive(name) || name === "RERUN_ON") return name;
      const [old, current] = [shown(from), shown(to)];
      if (old === undefined || current === undefined) return `${name}${versionChange(from, to)}`;
      return `${name}: ${old} → ${current}`;
    }),
    ...(body ? ["the script itself"] : []),
  ];
}

const VERSION = /(?<![\d.])\d+\.\d+\.\d+(?![\d.])/g;

/** Most versions that are told of two long texts. */
const MAX_VERSIONS = 3;

/** `: 1.27.3 → 1.27.4`, where that is all that two long texts seem to differ in; in the order in which they stand there. */
function versionChange(from = "", to = ""): string {
  const [old, current] = [from, to].map((text) => new Set(text.match(VERSION) ?? []));
  const gone = [...(old ?? [])].filter((version) => !current?.has(version));
  const come = [...(current ?? [])].filter((version) => !old?.has(version));
  if (gone.length === 0 || gone.length !== come.length || gone.length > MAX_VERSIONS) return "";
  return `: ${gone.map((version, index) => `${version} → ${come[index] ?? ""}`).join(", ")}`;
}

function isHidden(step: Step, path: string, ...values: readonly unknown[]): boolean {
  if (values.some((value) => holds(value, SECRET))) return true;
  if (isSecretContent(addressOf(step.urn).type, path)) return true;
  // An ancestor that is secret as a whole shows as a blank above the path.
  return isSensitive(path) || ancestors(path).some((above) => isBlank(step, above));
}

function isBlank(step: Step, path: string): boolean {
  return [step.oldState?.inputs, step.newState?.inputs].some((inputs) => lookUp(inputs, path) === SECRET);
}

function holds(value: unknown, text: string): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some((item) => holds(item, text));
  return value === text;
}

/** A short value on one line; nothing for one that is long or has an inner structure. */
function shown(value: unknown): string | undefined {
  if (value === undefined) return "unset";
  if (value === UNKNOWN) return "known later";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string" || value.length > MAX_VALUE || value.includes("\n")) return undefined;
  return value === "" ? "empty" : value;
}

/** Reads `a.b[0]["c.d"]` in nested objects and lists. */
function lookUp(inputs: unknown, path: string): unknown {
  return segments(path).reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined,
    inputs,
  );
}

function segments(path: string): readonly string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) => quoted?.replaceAll('\\"', '"') ?? index ?? plain ?? "",
  );
}

function ancestors(path: string): readonly string[] {
  const ends = [...path.matchAll(/[.[]/g)].map(({ index }) => index);
  return ends.map((end) => path.slice(0, end));
}
