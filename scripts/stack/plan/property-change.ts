import { addressOf } from "../../../components/tokens";
import { SECRET, UNKNOWN, type Step } from "./digest";
import { isSecretContent, isSensitive } from "./sensitive";

/** Longest value that a plan shows. */
const MAX_VALUE = 60;

/** Inside of a definition's schema: a new version of Argo CD changes hundreds of its descriptions. */
const SCHEMA = /^(spec\.versions\[\d+\]\.schema)\..*$/;

/** What changes in one resource, a line each: `spec.replicas: 1 → 2`, `its script (secret)`. */
export function propertyChanges(step: Step): readonly string[] {
  if (isComponent(step)) return settingChanges(step);
  const reported = Object.keys(step.detailedDiff ?? {});
  const paths = (reported.length > 0 ? reported : topLevel(step)).map((path) => path.replace(SCHEMA, "$1"));
  return [...new Set([...new Set(paths)].sort().flatMap((path) => describe(step, path)))];
}

/** What a plan shows in another way: entries as resources of their own, a machine's definition as what it is made from. */
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set(["definition", "nodes", "steps"]);

/** The settings of a component that change. One that an older version didn't have is not one that the operator changed. */
function settingChanges({ newState, oldState }: Step): readonly string[] {
  const [before, after] = [oldState?.inputs ?? {}, newState?.inputs ?? {}];
  const changed = Object.keys(before).filter(
    (name) => !SHOWN_ELSEWHERE.has(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  return changed.sort().flatMap((name) => describeValue(name, before[name], after[name]));
}

function isComponent({ newState, oldState }: Step): boolean {
  return (newState ?? oldState)?.custom === false;
}

/** The top-level names of what changed, where the provider reported no paths. */
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
  return describeValue(path, before, after);
}

function describeValue(path: string, before: unknown, after: unknown): readonly string[] {
  const [from, to] = [shown(before), shown(after)];
  if (from === undefined || to === undefined) return [path];
  return [`${path}: ${from} → ${to}`];
}

/** A script has no settings to show: its component has them. */
function describeScript(before: unknown, after: unknown): readonly string[] {
  if (before === SECRET || after === SECRET) return ["its script (secret)"];
  return [after === UNKNOWN ? "its script, known once what it depends on is made" : "its script"];
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
