import {
  isList,
  isMap,
  type Json,
  type JsonObject,
  type PropertyMap,
  type PropertyValue,
  reveal,
  Secret,
} from "../protocol/property-value";

/** Reading and naming Kubernetes objects of any kind, as Pulumi properties or as plain JSON. */

/** An object's API type: `apps/v1` and `Deployment`. */
export interface ObjectType {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Where an object lives: its id in Pulumi is `namespace/name`, or `name` outside namespaces. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

/** The type that a resource token names: `kubernetes:apps/v1:Deployment`, `kubernetes:core/v1:Secret`. */
export function typeOfToken(token: string): ObjectType {
  const [, module, kind] = token.split(":");
  if (!module || !kind)
    throw new Error(`resource type — ${token} is no Kubernetes type (need kubernetes:<group>/<version>:<Kind>)`);
  return { apiVersion: module.replace(/^core\//, ""), kind };
}

/** The type that an object says it has, or its token's where it doesn't. */
export function typeOf(object: PropertyMap, token: string): ObjectType {
  const fallback = typeOfToken(token);
  return { apiVersion: text(object, "apiVersion") ?? fallback.apiVersion, kind: text(object, "kind") ?? fallback.kind };
}

/** The type that a live object says it has. */
export function typeIn(object: PropertyMap): ObjectType {
  return { apiVersion: text(object, "apiVersion") ?? "", kind: text(object, "kind") ?? "" };
}

/** Where an object lives, by its metadata. */
export function keyIn(object: PropertyMap): ObjectKey {
  return { namespace: text(object, "metadata", "namespace"), name: text(object, "metadata", "name") ?? "" };
}

/** `apps` of `apps/v1`, empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.lastIndexOf("/")) : "";
}

export function parseId(id: string): ObjectKey {
  const slash = id.lastIndexOf("/");
  return slash < 0 ? { name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

export function formatId(object: PropertyMap): string {
  const namespace = text(object, "metadata", "namespace");
  const name = text(object, "metadata", "name") ?? "";
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** The value at a path of keys; looks through secret marks. */
export function lookup(value: PropertyValue | undefined, ...path: (string | number)[]): PropertyValue | undefined {
  let current = unwrap(value);
  for (const step of path) {
    if (typeof step === "number") current = isList(current) ? unwrap(current[step]) : undefined;
    else current = isMap(current) ? unwrap(current[step]) : undefined;
  }
  return current;
}

/** The string at a path, `undefined` when there is none. */
export function text(value: PropertyValue | undefined, ...path: (string | number)[]): string | undefined {
  const found = lookup(value, ...path);
  return typeof found === "string" ? found : undefined;
}

/** The number at a path, or `fallback`. */
export function count(value: PropertyValue | undefined, fallback: number, ...path: (string | number)[]): number {
  const found = lookup(value, ...path);
  return typeof found === "number" ? found : fallback;
}

/** The list at a path, empty when there is none. */
export function list(value: PropertyValue | undefined, ...path: (string | number)[]): PropertyValue[] {
  const found = lookup(value, ...path);
  return isList(found) ? found : [];
}

/** Pulumi's own annotations: `pulumi.com/<name>`. */
export function pulumiAnnotation(object: PropertyMap, name: string): string | undefined {
  return text(object, "metadata", "annotations", `pulumi.com/${name}`);
}

/** A condition of the object's status, by its type. */
export function condition(object: PropertyMap, type: string): PropertyValue | undefined {
  return list(object, "status", "conditions").find((item) => text(item, "type") === type);
}

/** A short name for messages: `Deployment argocd/argocd-server`. */
export function describe(object: PropertyMap): string {
  return `${text(object, "kind") ?? "object"} ${formatId(object)}`;
}

/**
 * The object as the API server takes it: no secret marks, none of Pulumi's own keys, and the schema extensions of custom
 * resource definitions under their real names (the SDK writes `x_kubernetes_…` for `x-kubernetes-…`).
 */
export function toApi(object: PropertyMap): JsonObject {
  const known = Object.entries(object).filter(([key]) => !key.startsWith("__"));
  return renameKeys(reveal(Object.fromEntries(known)) as JsonObject, /^x_kubernetes_/, (key) => key.replace(/_/g, "-"));
}

/** The reverse of `toApi`'s renaming, for state. */
export function fromApi(object: JsonObject): JsonObject {
  return renameKeys(object, /^x-kubernetes-/, (key) => key.replace(/-/g, "_"));
}

function renameKeys(object: JsonObject, pattern: RegExp, rename: (key: string) => string): JsonObject {
  const walk = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null || !isMap(value)) return value;
    const entries = Object.entries<Json>(value);
    return Object.fromEntries(entries.map(([key, item]) => [pattern.test(key) ? rename(key) : key, walk(item)]));
  };
  return walk(object) as JsonObject;
}

function unwrap(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof Secret ? unwrap(value.value) : value;
}
