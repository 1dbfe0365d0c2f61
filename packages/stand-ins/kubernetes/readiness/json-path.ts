import { isMap, type Json, type JsonObject } from "../../protocol/property-value";

/** The subset of JSONPath that readiness conditions need: names, quoted names, indexes, `*`, and `[?(@.a.b=="x")]`. */

type Step =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "all" }
  | { readonly kind: "filter"; readonly path: readonly Step[]; readonly negated: boolean; readonly value: string };

const STEP =
  /^(?:\.(?<name>[\w-]+)|\.?\[\s*(?:'(?<single>[^']*)'|"(?<double>[^"]*)"|(?<index>-?\d+)|(?<any>\*)|\?\s*\(?\s*@(?<path>[^=!]*?)\s*(?<op>[=!]=)\s*(?<value>'[^']*'|"[^"]*"|[\w.-]+)\s*\)?)\s*\]|\.(?<star>\*))/;

/** Parses a path such as `.status.conditions[?(@.type=="Ready")].status`, with or without `$` in front. */
export function parseJsonPath(path: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = path.trim().replace(/^\$/, "");
  while (rest !== "") {
    const match = STEP.exec(rest);
    if (!match?.groups)
      throw new Error(
        `JSONPath ${path} — can't be read from "${rest}" on (need names, ['quoted names'], [0], [*] or [?(@.a=="b")])`,
      );
    steps.push(toStep(match.groups));
    rest = rest.slice(match[0].length);
  }
  return steps;
}

/** Every value that the path selects, in order. */
export function select(object: JsonObject, steps: readonly Step[]): Json[] {
  return steps.reduce<Json[]>((values, step) => values.flatMap((value) => apply(value, step)), [object]);
}

function toStep(groups: Record<string, string | undefined>): Step {
  const name = groups.name ?? groups.single ?? groups.double;
  if (name !== undefined) return { kind: "name", name };
  if (groups.index !== undefined) return { kind: "index", index: Number(groups.index) };
  if (groups.path === undefined || groups.value === undefined) return { kind: "all" };
  const value = groups.value.replace(/^(['"])(.*)\1$/, "$2");
  return { kind: "filter", path: parseJsonPath(groups.path), negated: groups.op === "!=", value };
}

function apply(value: Json, step: Step): Json[] {
  switch (step.kind) {
    case "name":
      return isMap(value) ? present(value[step.name]) : [];
    case "index":
      return Array.isArray(value) ? present(value.at(step.index)) : [];
    case "all":
      return children(value);
    case "filter":
      return children(value).filter((item) => {
        const found = isMap(item) ? select(item, step.path) : [];
        return found.some((each) => typeof each !== "object" && String(each) === step.value) !== step.negated;
      });
  }
}

function children(value: Json): Json[] {
  if (Array.isArray(value)) return value;
  return isMap(value) ? Object.values<Json>(value) : [];
}

function present(value: Json | undefined): Json[] {
  return value === undefined ? [] : [value];
}
