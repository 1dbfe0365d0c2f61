import Ajv, { type ErrorObject, type ValidateFunction } from "ajv";
import { nearest, shown } from "@gitops-platform/sentences/found";
import type { KubernetesObject } from "./kubernetes-object";
import type { Complaint } from "./finding";
import { goRegExp } from "./go-regexp";

type Schema = Readonly<Record<string, unknown>>;

/** Kubernetes' own `swagger.json`, as far as it is read. */
export interface Swagger {
  readonly definitions: Readonly<Record<string, Schema>>;
}

const DEFINITIONS = "kubernetes";
const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
/** Where the published schema is stricter, or looser, than the API server. */
const CORRECTIONS: Readonly<Record<string, Schema>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {
    type: ["string", "number"],
    pattern: "^[+-]?[0-9]*\\.?[0-9]*([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$",
  },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { type: ["string", "integer"] },
  // Any value: a definition's own schema, which this check doesn't judge.
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps": {},
};

/**
 * Checks objects against the schemas of Kubernetes and of custom resources, as strictly as the API server's own
 * `fieldValidation=Strict`: an unknown field is an error. Values without a schema of their own (`{}`) are free.
 */
export class Schemas {
  private readonly ajv = new Ajv({
    allErrors: true,
    strict: false,
    validateFormats: false,
    verbose: true,
    logger: false,
    code: { regExp: Object.assign((pattern: string) => this.pattern(pattern), { code: "" }) },
  });
  private readonly notChecked = new Set<string>();
  private compiling = "";
  private readonly known = new Map<string, Schema>();
  private readonly compiled = new Map<string, ValidateFunction>();

  constructor(swagger: Swagger, definitions: readonly KubernetesObject[]) {
    const strict = Object.entries(swagger.definitions).map(
      ([name, schema]) => [name, CORRECTIONS[name] ?? strictly(schema)] as const,
    );
    this.ajv.addSchema({ $id: DEFINITIONS, definitions: Object.fromEntries(strict) });
    for (const [name, schema] of Object.entries(swagger.definitions)) {
      for (const { group, version, kind } of (schema["x-kubernetes-group-version-kind"] ?? []) as GroupVersionKind[])
        this.known.set(key(group === "" ? version : `${group}/${version}`, kind), { $ref: reference(name) });
    }
    for (const definition of definitions) this.addCustomResource(definition);
  }

  /** Learns the kinds that a CustomResourceDefinition brings, of v1 or v1beta1. */
  addCustomResource(definition: KubernetesObject): void {
    const { group, names, version, versions, validation, preserveUnknownFields } = (definition["spec"] ??
      {}) as CustomResourceSpec;
    if (definition.kind !== "CustomResourceDefinition" || group === undefined || names?.kind === undefined) return;
    // v1beta1 keeps unknown fields unless it says otherwise.
    const open = preserveUnknownFields ?? definition.apiVersion.endsWith("/v1beta1");
    for (const { name, schema = validation, served } of versions ?? [{ name: version ?? "" }]) {
      if (served === false) continue;
      const { properties = {}, ...rest } = (schema?.openAPIV3Schema ?? {}) as { properties?: Schema };
      const own = strictly({ ...rest, properties: { ...properties, ...OBJECT }, ...(open ? PRESERVE : {}) });
      const metadata = { $ref: reference(OBJECT_META) };
      const root = { ...own, properties: { ...(own["properties"] as Schema), metadata } };
      const id = key(`${group}/${name}`, names.kind);
      this.known.set(
        id,
        schema?.openAPIV3Schema === undefined || open ? { ...root, additionalProperties: true } : root,
      );
      this.compiled.delete(id);
    }
  }

  /** What can't be checked of an object's form, because its schema is written for another reader: empty for most. */
  get unchecked(): readonly string[] {
    return [...this.notChecked];
  }

  /** What is wrong with an object's form; empty if nothing is. */
  check(object: KubernetesObject): Complaint[] {
    const id = key(object.apiVersion, object.kind);
    const schema = this.known.get(id);
    if (!schema) return [unknownKind(object, [...this.known.keys()])];
    const validate = this.compile(id, schema);
    // The API server drops a field without a value, as overlays leave them to remove what a base has.
    if (validate(withoutNulls(object))) return [];
    return complaints(validate.errors ?? []);
  }

  /** Patterns are written for Go's regular expressions. */
  private pattern(pattern: string): { test: (text: string) => boolean } {
    const expression = goRegExp(pattern);
    if (expression) return expression;
    this.notChecked.add(`${this.compiling}: the pattern ${pattern}`);
    return { test: () => true };
  }

  private compile(id: string, schema: Schema): ValidateFunction {
    const known = this.compiled.get(id);
    if (known) return known;
    let validate: ValidateFunction;
    try {
      this.compiling = id;
      validate = this.ajv.compile(schema);
    } catch (error) {
      this.notChecked.add(`${id}: its schema (${error instanceof Error ? error.message : String(error)})`);
      validate = this.ajv.compile({});
    }
    this.compiled.set(id, validate);
    return validate;
  }
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface CustomResourceSpec {
  readonly group?: string;
  readonly names?: { readonly kind?: string };
  readonly versions?: readonly { readonly name: string; readonly schema?: Validation; readonly served?: boolean }[];
  /** v1beta1 has one version and one schema, or the above. */
  readonly version?: string;
  readonly validation?: Validation;
  readonly preserveUnknownFields?: boolean;
}

interface Validation {
  readonly openAPIV3Schema?: Schema;
}

/** What every object has, whether its schema mentions it or not. */
const OBJECT: Schema = { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: {} };
const PRESERVE: Schema = { "x-kubernetes-preserve-unknown-fields": true };

function key(apiVersion: string, kind: string): string {
  return `${apiVersion} ${kind}`;
}

function reference(definition: string): string {
  return `${DEFINITIONS}#/definitions/${definition}`;
}

/** A schema that knows every field it takes, unless it says that it takes others. */
function strictly(schema: Schema): Schema {
  const result: Record<string, unknown> = {};
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  const all = embedded ? { ...schema, properties: { ...OBJECT, ...(schema["properties"] as Schema) } } : schema;
  for (const [word, value] of Object.entries(all)) {
    if (word === "properties")
      result[word] = Object.fromEntries(
        Object.entries(value as Schema).map(([name, part]) => [name, strictly(part as Schema)]),
      );
    else if (word === "items" || word === "additionalProperties")
      result[word] = isSchema(value) ? strictly(value) : value;
    else if (word === "$ref") result[word] = reference((value as string).replace("#/definitions/", ""));
    // Rules across fields (oneOf, x-kubernetes-validations) are the API server's to judge.
    else if (
      ["type", "required", "enum", "pattern", "minimum", "maximum", "minItems", "minLength", "maxLength"].includes(word)
    )
      result[word] = value;
  }
  if (schema["x-kubernetes-int-or-string"] === true) result["type"] = ["string", "integer"];
  if (schema["nullable"] === true) {
    if (result["type"] !== undefined) result["type"] = [result["type"], "null"].flat();
    if (Array.isArray(result["enum"])) result["enum"] = [...(result["enum"] as unknown[]), null];
  }
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (result["properties"] !== undefined && result["additionalProperties"] === undefined && !open)
    result["additionalProperties"] = false;
  return result;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null;
}

function unknownKind({ apiVersion, kind }: KubernetesObject, known: readonly string[]): Complaint {
  const meant = known.filter((id) => id.endsWith(` ${kind}`)).map((id) => id.split(" ")[0]);
  const cure =
    meant.length > 0
      ? `write apiVersion: ${meant.join(" or ")}`
      : `correct the kind, or put its CustomResourceDefinition into the repository's schemas/ folder`;
  return {
    rule: "schema",
    field: "apiVersion",
    text: `${apiVersion} has no kind ${kind} in Kubernetes 1.27 or a known extension; ${cure}`,
  };
}

function complaints(errors: readonly ErrorObject[]): Complaint[] {
  return errors.map((error) => {
    const at = fieldOf(error.instancePath);
    const params = error.params as Record<string, string | undefined>;
    const child = (name = ""): string => (at === "" ? name : `${at}.${name}`);
    switch (error.keyword) {
      case "additionalProperties": {
        const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
        const meant = nearest(params["additionalProperty"] ?? "", known);
        const cure =
          meant === undefined ? `remove it (known here: ${known.sort().join(", ")})` : `did you mean ${meant}?`;
        return { rule: "schema", field: child(params["additionalProperty"]), text: `is not a known field; ${cure}` };
      }
      case "required":
        return { rule: "schema", field: child(params["missingProperty"]), text: "is missing; add it" };
      case "type": {
        const need = String(params["type"]).replace(",", " or ");
        return {
          rule: "schema",
          field: at,
          text: `has the wrong type (got ${shown(error.data)}, need ${need}); correct it`,
        };
      }
      case "enum": {
        const allowed = (error.params as { allowedValues: readonly unknown[] }).allowedValues.join(", ");
        return {
          rule: "schema",
          field: at,
          text: `is wrong (got ${shown(error.data)}, need one of ${allowed}); correct it`,
        };
      }
      default:
        return {
          rule: "schema",
          field: at,
          text: `is wrong (got ${shown(error.data)}): ${error.message ?? error.keyword}; correct it`,
        };
    }
  });
}

/** `/spec/containers/0/name` → `spec.containers[0].name`. */
function fieldOf(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === "" ? step : `${path}.${step}`), "");
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  // A schema's limits are numbers.
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([name, field]) => [name, withoutNulls(field)]),
  );
}
