import type {
  Policies,
  PolicyConfigSchema,
  PolicyResource,
  ReportViolation,
  ResourceValidationArgs,
  StackValidationArgs,
} from "@pulumi/policy";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Fields, type Resource, stackOf, UNKNOWN } from "./resource";
import { DEFAULTS, type Rule, type Settings } from "./rule";

/** The rules as Pulumi policies. */
export function policies(rules: readonly Rule[], projectDirectory: string): Policies {
  const read = (file: string): string | undefined => {
    const path = join(projectDirectory, file);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  return rules.map((rule) => {
    const { comply, description, enforcement, name } = rule;
    const sentence = (text: string): string => `${text}. To comply: ${comply}.`;
    const base = { name, description, enforcementLevel: enforcement, remediationSteps: comply, ...schemaOf(rule) };
    if ("resource" in rule) {
      const validateResource = (args: ResourceValidationArgs, report: ReportViolation): void => {
        for (const text of rule.resource(toResource(args), settingsOf(args))) report(sentence(text), args.urn);
      };
      return { ...base, validateResource };
    }
    const validateStack = (args: StackValidationArgs, report: ReportViolation): void => {
      const resources = args.resources.map(toResource);
      const stack = { name: stackOf(resources[0]?.urn ?? ""), resources, read };
      for (const { text, urn } of rule.stack(stack, settingsOf(args))) report(sentence(text), urn);
    };
    return { ...base, validateStack };
  });
}

const SCHEMA: Readonly<Record<keyof Settings, PolicyConfigSchema["properties"][string]>> = {
  stacks: { type: "array", items: { type: "string" }, default: [...DEFAULTS.stacks] },
  minimum: { type: "integer", minimum: 1, default: DEFAULTS.minimum },
};

function schemaOf({ settings = [] }: Rule): { configSchema?: PolicyConfigSchema } {
  if (settings.length === 0) return {};
  return { configSchema: { properties: Object.fromEntries(settings.map((key) => [key, SCHEMA[key]])) } };
}

function settingsOf(args: ResourceValidationArgs | StackValidationArgs): Settings {
  return { ...DEFAULTS, ...args.getConfig<Partial<Settings>>() };
}

function toResource({ name, opts, props, type, urn }: ResourceValidationArgs | PolicyResource): Resource {
  return {
    urn,
    type,
    name,
    parent: opts.parent ?? "",
    values: lazily(props),
    protect: opts.protect,
    deleteBeforeReplace: opts.deleteBeforeReplace ?? false,
    additionalSecretOutputs: opts.additionalSecretOutputs,
  };
}

/** The values, each copied when a rule reads it: scripts and pod specs are big. */
function lazily(props: Fields): Fields {
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(props))
    Object.defineProperty(values, key, { enumerable: true, get: () => lookAt(props, key) });
  return values;
}

/**
 * A copy in which UNKNOWN stands for values that aren't known yet. Pulumi's own object throws when such a value is read,
 * and reports the rule as one that couldn't run.
 */
function known(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const container = value as Fields;
  if (Array.isArray(value)) return Object.keys(value).map((key) => lookAt(container, key));
  return Object.fromEntries(Object.keys(value).map((key) => [key, lookAt(container, key)]));
}

function lookAt(container: Fields, key: string): unknown {
  try {
    return known(container[key]);
  } catch {
    return UNKNOWN;
  }
}
