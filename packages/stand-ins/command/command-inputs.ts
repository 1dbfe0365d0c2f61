import type { CheckFailure } from "../protocol/provider-plugin";
import { isMap, type PropertyMap, type PropertyValue, reveal, Secret, Unknown } from "../protocol/property-value";

/** Type of an input; `fields` are those of an object. */
interface Field {
  readonly type:
    "string" | "number" | "integer" | "boolean" | "strings" | "environment" | "list" | "logging" | "object";
  readonly required?: boolean;
  readonly default?: string | number;
  readonly fields?: Fields;
}

export type Fields = Readonly<Record<string, Field>>;

const ENDPOINT = {
  host: { type: "string", required: true },
  port: { type: "number", default: 22 },
  user: { type: "string", default: "root" },
  password: { type: "string" },
  privateKey: { type: "string" },
  privateKeyPassword: { type: "string" },
  hostKey: { type: "string" },
  agentSocketPath: { type: "string" },
  dialErrorLimit: { type: "integer", default: 10 },
  perDialTimeout: { type: "integer", default: 15 },
} as const satisfies Fields;

const LIFECYCLE = {
  create: { type: "string" },
  update: { type: "string" },
  delete: { type: "string" },
  triggers: { type: "list" },
} as const satisfies Fields;

const RUN = {
  stdin: { type: "string" },
  logging: { type: "logging" },
  environment: { type: "environment" },
  addPreviousOutputInEnv: { type: "boolean" },
} as const satisfies Fields;

const LOCAL_RUN = { ...RUN, dir: { type: "string" }, interpreter: { type: "strings" } } as const satisfies Fields;

export const LOCAL_FUNCTION: Fields = { ...LOCAL_RUN, command: { type: "string", required: true } };
export const LOCAL_COMMAND: Fields = { ...LIFECYCLE, ...LOCAL_RUN };
export const REMOTE_COMMAND: Fields = {
  ...LIFECYCLE,
  ...RUN,
  connection: { type: "object", required: true, fields: { ...ENDPOINT, proxy: { type: "object", fields: ENDPOINT } } },
};

/** Inputs that only the official plugin takes, and their replacement. */
const NOT_COVERED: Readonly<Record<string, string>> = {
  assetPaths: "read the files in the program",
  archivePaths: "read the files in the program",
};

const LOGGING = ["stdout", "stderr", "stdoutAndStderr", "none"];

/**
 * Names every unknown, missing or mistyped input, at any depth, without repeating its value: it may be a private key.
 * Values that aren't known yet pass. The failures carry no property, because the engine prints the value of one that does.
 */
export function checkFields(inputs: PropertyMap, fields: Fields, at = ""): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const fail = (key: string, reason: string): number =>
    failures.push({ property: "", reason: `${at}${key} — ${reason}` });
  for (const key of Object.keys(inputs)) {
    if (key in fields || isInternal(key)) continue;
    const instead = NOT_COVERED[key];
    if (instead === undefined) fail(key, `unknown input; need one of ${Object.keys(fields).join(", ")}`);
    else fail(key, `not covered by the air-gapped stand-in for the command plugin; ${instead}`);
  }
  for (const [key, field] of Object.entries(fields)) {
    const value = reveal(inputs[key] ?? null);
    if (value === null) {
      if (field.required) fail(key, "missing, and it is required");
    } else if (value instanceof Unknown) continue;
    else if (field.fields !== undefined && isMap(value))
      failures.push(...checkFields(value, field.fields, `${at}${key}.`));
    else if (!matches(value, field)) fail(key, `got ${describe(value)}, need ${NEEDS[field.type]}`);
  }
  return failures;
}

/** Fills in defaults, at any depth; `connection` becomes secret as a whole. Internal inputs stay. */
export function applyDefaults(inputs: PropertyMap, fields: Fields): PropertyMap {
  const filled: PropertyMap = { ...inputs };
  for (const [key, field] of Object.entries(fields)) {
    const value = filled[key];
    const plain = reveal(value ?? null);
    if (plain === null && field.default !== undefined) filled[key] = field.default;
    else if (field.fields !== undefined && isMap(plain)) filled[key] = applyDefaults(plain, field.fields);
    if (key === "connection" && filled[key] !== undefined) filled[key] = new Secret(reveal(filled[key]));
  }
  return filled;
}

/** Whether the engine put this input there for its own use. */
export function isInternal(key: string): boolean {
  return key === "version" || key.startsWith("__");
}

const NEEDS: Readonly<Record<Field["type"], string>> = {
  string: "a string",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  strings: "a list of strings",
  environment: "a map of strings",
  list: "a list",
  logging: `one of ${LOGGING.join(", ")}`,
  object: "an object",
};

function matches(value: PropertyValue, { type }: Field): boolean {
  const isString = (item: PropertyValue): boolean => typeof item === "string" || item instanceof Unknown;
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "strings":
      return Array.isArray(value) && value.every(isString);
    case "environment":
      return isMap(value) && Object.values(value).every(isString);
    case "list":
      return Array.isArray(value);
    case "logging":
      return typeof value === "string" && LOGGING.includes(value);
    case "object":
      return isMap(value);
    case "string":
    case "number":
    case "boolean":
      return typeof value === type;
  }
}

function describe(value: PropertyValue): string {
  if (Array.isArray(value)) return "a list";
  return isMap(value) ? "an object" : `a ${typeof value}`;
}
