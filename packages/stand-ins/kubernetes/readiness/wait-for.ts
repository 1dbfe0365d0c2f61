import type { Json, JsonObject } from "../../protocol/property-value";
import { condition, list, text } from "../kube-object";
import { parseJsonPath, select } from "./json-path";
import { type ReadinessRule, READY, type Verdict, waiting } from "./verdict";

const REASONS_LENGTH = 500;

/**
 * The rule in a `pulumi.com/waitFor` annotation: one expression, or a JSON list of them that must all hold:
 * `jsonpath={.status.phase}=Running` (equal), `jsonpath={.status.address}` (there), `condition=Ready` (True),
 * `condition=Ready=False`.
 */
export function parseWaitFor(annotation: string): ReadinessRule {
  const rules = expressions(annotation).map(parseExpression);
  return (object) => rules.map((rule) => rule(object)).find((verdict) => !verdict.ready) ?? READY;
}

/** Why it isn't there yet, as far as the object says so itself: in conditions, and of what it is made of (Argo CD). */
function reasons(object: JsonObject): string {
  const conditions = list(object, "status", "conditions").map((one) => text(one, "message"));
  const parts = list(object, "status", "resources").map((part) => {
    const health = text(part, "health", "status") ?? "Healthy";
    return health === "Healthy" ? undefined : `${text(part, "kind") ?? ""} ${text(part, "name") ?? ""} is ${health}`;
  });
  const said = [...conditions, ...parts].filter((reason) => reason !== undefined && reason !== "");
  return said.length > 0 ? ` — ${said.join("; ").slice(0, REASONS_LENGTH)}` : "";
}

function expressions(annotation: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(annotation);
  } catch {
    return [annotation]; // a single expression isn't JSON
  }
  if (Array.isArray(parsed) && parsed.length > 0 && parsed.every((item) => typeof item === "string")) return parsed;
  throw malformed(annotation, "an expression, or a JSON list of at least one");
}

function parseExpression(expression: string): (object: JsonObject) => Verdict {
  if (expression.startsWith("jsonpath=")) return parsePathExpression(expression);
  if (expression.startsWith("condition=")) return parseConditionExpression(expression);
  throw malformed(expression, "jsonpath=… or condition=…");
}

function parsePathExpression(expression: string): (object: JsonObject) => Verdict {
  const match = /^jsonpath=(\{\s*(.*?)\s*\})(?:=(.+))?$/.exec(expression);
  if (match === null) throw malformed(expression, "jsonpath={.path} or jsonpath={.path}=value");
  const [, shown = "", path = "", value] = match;
  const steps = parseJsonPath(path);
  return (object) => {
    const found = select(object, steps)[0];
    if (found !== undefined && (value === undefined || show(found) === value)) return READY;
    const need = value === undefined ? "" : ` (need ${value})`;
    return waiting(`${shown} is ${found === undefined ? "not there" : show(found)}${need}${reasons(object)}`);
  };
}

function parseConditionExpression(expression: string): (object: JsonObject) => Verdict {
  const [type = "", wanted = "True"] = expression.slice("condition=".length).split("=");
  if (type === "") throw malformed(expression, "condition=Type or condition=Type=Status");
  return (object) => {
    const found = condition(object, type);
    const status = text(found, "status");
    if (status === wanted) return READY;
    const message = text(found, "message");
    return waiting(`condition ${type} is ${status ?? "not there"} (need ${wanted})${message ? `: ${message}` : ""}`);
  };
}

function show(value: Json): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function malformed(got: string, need: string): Error {
  return new Error(`pulumi.com/waitFor — not understood (got ${got}, need ${need}) — correct the annotation`);
}
