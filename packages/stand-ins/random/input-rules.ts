import type { CheckFailure } from "../protocol/provider-plugin";
import { isMap, type PropertyMap, type PropertyValue, reveal, Unknown } from "../protocol/property-value";

/** Type and limits of an input. */
interface InputRule {
  readonly type: "integer" | "boolean" | "string" | "keepers";
  readonly required?: boolean;
  /** The official plugin's default. */
  readonly default?: number | boolean | string;
}

export type InputRules = Readonly<Record<string, InputRule>>;

/**
 * Names every unknown, missing or mistyped input. Values that aren't known yet pass. The failures carry no property,
 * because the engine prints the value of one that does.
 */
export function checkInputs(inputs: PropertyMap, rules: InputRules): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const fail = (name: string, reason: string): number => failures.push({ property: "", reason: `${name} — ${reason}` });
  for (const property of Object.keys(inputs)) {
    if (!(property in rules) && !isInternal(property)) {
      fail(property, `unknown input; need one of ${Object.keys(rules).join(", ")}`);
    }
  }
  for (const [property, rule] of Object.entries(rules)) {
    const value = reveal(inputs[property] ?? null);
    if (value === null) {
      if (rule.required) fail(property, "missing, and it is required");
    } else if (!(value instanceof Unknown) && !matches(value, rule)) {
      fail(property, `need ${NEEDS[rule.type]}`);
    }
  }
  return failures;
}

/**
 * Inputs as the official plugin keeps them in state: secret marks off, defaults filled in, empty keepers left out.
 * Two sets of inputs that mean the same look the same, so that writing a default out replaces nothing.
 */
export function normalise(inputs: PropertyMap, rules: InputRules): PropertyMap {
  const normal: PropertyMap = {};
  for (const [property, rule] of Object.entries(rules)) {
    const value = reveal(inputs[property] ?? rule.default ?? null);
    if (value === null || (isMap(value) && Object.keys(value).length === 0)) continue;
    normal[property] = value;
  }
  return normal;
}

const NEEDS: Readonly<Record<InputRule["type"], string>> = {
  integer: "a whole number",
  boolean: "true or false",
  string: "a string",
  keepers: "a map of strings",
};

/** Whether the engine put this input there for its own use. */
function isInternal(property: string): boolean {
  return property === "version" || property.startsWith("__");
}

function matches(value: PropertyValue, rule: InputRule): boolean {
  if (rule.type === "integer") return Number.isInteger(value);
  if (rule.type === "keepers") {
    return (
      isMap(value) &&
      Object.values(value).every((item) => item === null || typeof item !== "object" || item instanceof Unknown)
    );
  }
  return typeof value === rule.type;
}
