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

/** The rules in the form that Pulumi runs. */
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
        for (const text of rule.resource(told(args), settingsOf(args))) report(sentence(text));
      };
      return { ...base, validateResource };
    }
    const validateStack = (args: StackValidationArgs, report: ReportViolation): void => {
      const resources = args.resources.map(told);
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

function told({ name, opts, props, type, urn }: ResourceValidationArgs | PolicyResource): Resource {
  return {
    urn,
    type,
    name,
    parent: opts.parent ?? "",
    // Most rules look at a few values only, and a definition of a custom resource is big.
    get values() {
      const values = known(props) as Fields;
      Object.defineProperty(this, "values", { value: values });
      return values;
    },
    protect: opts.protect,
    deleteBeforeReplace: opts.deleteBeforeReplace ?? false,
    additionalSecretOutputs: opts.additionalSecretOutputs,
  };
}

/**
 * A copy of what Pulumi hands over, which throws as soon as a value that isn't known yet is looked at: the rule would
 * then be reported as one that couldn't run.
 */
function known(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const container = value as Readonly<Record<string, unknown>>;
  const look = (key: string): unknown => {
    try {
      return known(container[key]);
    } catch {
      return UNKNOWN;
    }
  };
  if (Array.isArray(value)) return Object.keys(value).map(look);
  return Object.fromEntries(Object.keys(value).map((key) => [key, look(key)]));
}
