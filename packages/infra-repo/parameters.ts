import { jsonOf } from "./kubectl-yaml";
import { fillTree, type Parameters, type TemplateMode } from "./templates";

/** What generators are evaluated with. */
export interface GeneratorContext extends TemplateMode {
  readonly repository: string;
  /** The files of the repository. */
  readonly names: readonly string[];
  readonly isOurs: (url: string) => boolean;
  /** Whether selectors two levels down count. */
  readonly applyNestedSelectors: boolean;
  /** What was evaluated in part, a phrase each. */
  readonly notes: Set<string>;
}

/** A generator that can't be evaluated here; the message says which. */
export class NotFollowed extends Error {
  override readonly name = "NotFollowed";
}

/** Adds a generator's own `values`, which may use what it yields. */
export async function withValues(
  values: Readonly<Record<string, string>>,
  sets: readonly Parameters[],
  context: GeneratorContext,
): Promise<Parameters[]> {
  if (Object.keys(values).length === 0) return [...sets];
  const filled = await fillTree(values, sets, context);
  return sets.map((set, index) => ({
    ...set,
    ...(context.goTemplate ? { values: filled[index] } : flat({ values: filled[index] })),
  }));
}

/** A value with what it leaves empty filled in from another one; lists are taken whole. */
export function fillIn(value: unknown, from: unknown): unknown {
  const isMap = (item: unknown): item is Record<string, unknown> =>
    typeof item === "object" && item !== null && !Array.isArray(item);
  if (!value || (typeof value === "object" && Object.keys(value).length === 0)) return from ?? value;
  if (!isMap(value) || !isMap(from)) return value;
  const names = new Set([...Object.keys(value), ...Object.keys(from)]);
  return Object.fromEntries([...names].map((name) => [name, fillIn(value[name], from[name])]));
}

/** `{ a: { b: 1 } }` → `{ "a.b": "1" }`. */
export function flat(value: unknown, path = ""): Record<string, string> {
  if (typeof value !== "object" || value === null) return { [path]: textOf(value) };
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, field]) => flat(field, path === "" ? name : `${path}.${name}`)),
  ) as Record<string, string>;
}

/** A value as Go prints it: every number is a float there, `1000000` is `1e+06`. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value !== "number" && typeof value !== "bigint")
    return value === null || value === undefined ? "<nil>" : jsonOf(value);
  const [digits = "", power = "0"] = Number(value).toExponential().split("e");
  if (Number(power) >= -4 && Number(power) < 6) return String(Number(value));
  return `${digits}e${power.startsWith("-") ? "-" : "+"}${power.slice(1).padStart(2, "0")}`;
}
