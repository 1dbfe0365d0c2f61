import type { Parameters } from "./templates";

/** A label selector, as a generator has one for what it yields. */
export interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>> | null;
  readonly matchExpressions?: readonly Expression[] | null;
}

interface Expression {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[] | null;
}

const OPERATORS: Readonly<Record<string, (value: string | undefined, values: readonly string[]) => boolean>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
};

/** A name as labels have it, with or without a domain before it: `path[0]` is none. */
const KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;

/**
 * Whether a selector keeps a set of parameters, by their names with dots and their values as text.
 *
 * @throws Error for a selector that Argo CD refuses
 */
export function selects({ matchLabels, matchExpressions }: Selector, set: Parameters): boolean {
  const equal = Object.entries(matchLabels ?? {}).map(([key, value]) => ({ key, operator: "In", values: [value] }));
  return [...equal, ...(matchExpressions ?? [])].every(({ key = "", operator = "", values }) => {
    const test = OPERATORS[operator];
    if (!test) throw new Error(`the selector's operator ${operator} is none of ${Object.keys(OPERATORS).join(", ")}`);
    if (!KEY.test(key)) throw new Error(`the selector's key ${key} is no name of a label`);
    if (/In$/.test(operator) !== (values ?? []).length > 0)
      throw new Error(`the selector's ${operator} of ${key} ${/In$/.test(operator) ? "needs" : "takes no"} values`);
    const value = set[key];
    return test(typeof value === "string" ? value : undefined, (values ?? []).map(String));
  });
}
