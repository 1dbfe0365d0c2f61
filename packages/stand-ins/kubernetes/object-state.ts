import { copySecrets, isList, isMap, type JsonObject, type PropertyMap, Secret } from "../protocol/property-value";
import { fromApi, lookup, text } from "./kube-object";

/** What is kept of an object in Pulumi's state, in the official plugin's form. */

const INPUTS_KEY = "__inputs";
const INITIAL_VERSION_KEY = "__initialApiVersion";
const FIELD_MANAGER_KEY = "__fieldManager";

/** Facts about the object that only Pulumi knows. */
export interface Provenance {
  readonly initialApiVersion: string;
  /** The name under which fields are owned in server-side apply. */
  readonly fieldManager: string;
}

/** The state: the live object, the inputs it was made from, and Pulumi's own keys. What is secret in the inputs stays secret. */
export function stateOf(live: JsonObject, inputs: PropertyMap, provenance: Provenance): PropertyMap {
  return {
    ...markSecrets(withoutManagedFields(fromApi(live)), inputs),
    [INPUTS_KEY]: markSecrets(inputs, inputs),
    [INITIAL_VERSION_KEY]: provenance.initialApiVersion,
    [FIELD_MANAGER_KEY]: provenance.fieldManager,
  };
}

/** The provenance in an old state; `undefined` for an object that isn't in one. */
export function provenanceOf(state: PropertyMap): Provenance | undefined {
  const fieldManager = text(state, FIELD_MANAGER_KEY);
  if (fieldManager === undefined) return undefined;
  return { fieldManager, initialApiVersion: text(state, INITIAL_VERSION_KEY) ?? text(state, "apiVersion") ?? "" };
}

/** A Secret's contents are secret whatever the program says; everything else follows the inputs. */
function markSecrets(object: PropertyMap, inputs: PropertyMap): PropertyMap {
  const marked = copySecrets(object, inputs) as PropertyMap;
  if (text(inputs, "kind") !== "Secret") return marked;
  for (const key of ["data", "stringData"]) {
    const value = marked[key];
    if (value !== undefined && !(value instanceof Secret)) marked[key] = new Secret(value);
  }
  return marked;
}

/** Bookkeeping of the API server: it changes with every write of anyone, and is read live when needed. */
function withoutManagedFields(live: JsonObject): JsonObject {
  if (!isMap(live.metadata)) return live;
  const { managedFields: _, ...metadata } = live.metadata;
  return { ...live, metadata };
}

/** The live values of what the inputs set: how a refresh finds drift. Items that the inputs don't have are left out. */
export function pruneToInputs(live: JsonObject, inputs: PropertyMap): PropertyMap {
  return prune(withStringData(fromApi(live), inputs), inputs) as PropertyMap;
}

/** A Secret's `stringData` is write-only: it comes back in `data`, in base64. */
function withStringData(live: PropertyMap, inputs: PropertyMap): PropertyMap {
  const written = lookup(inputs, "stringData");
  if (text(inputs, "kind") !== "Secret" || !isMap(written)) return live;
  const decoded = Object.keys(written).flatMap((key) => {
    const value = text(live, "data", key);
    return value === undefined ? [] : [[key, Buffer.from(value, "base64").toString("utf8")] as const];
  });
  return { ...live, stringData: Object.fromEntries(decoded) };
}

/** How `fromApi` names a key of the inputs, where both of its names are allowed. */
function renamed(key: string): string {
  return key.startsWith("x-kubernetes-") ? key.replaceAll("-", "_") : key;
}

function prune(live: PropertyMap[string], inputs: PropertyMap[string]): PropertyMap[string] {
  const shape = inputs instanceof Secret ? inputs.value : inputs;
  if (isMap(shape) && isMap(live)) {
    const kept = Object.keys(shape).filter((key) => lookup(live, renamed(key)) !== undefined);
    return Object.fromEntries(kept.map((key) => [key, prune(live[renamed(key)] ?? null, shape[key] ?? null)]));
  }
  if (isList(shape) && isList(live)) {
    return live.map((item, at) => (at < shape.length ? prune(item, shape[at] ?? null) : item));
  }
  return live;
}
