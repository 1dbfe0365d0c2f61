import { randomBytes } from "node:crypto";
import type { EngineLog } from "../protocol/engine-log";
import { InitializationFailure } from "../protocol/initialization-failure";
import {
  isList,
  isMap,
  type JsonObject,
  type PropertyMap,
  type PropertyValue,
  Secret,
} from "../protocol/property-value";
import { describe, formatId, type ObjectType, pulumiAnnotation, text, toApi } from "./kube-object";
import type { ObjectStore } from "./object-store";
import { type Provenance, provenanceOf, stateOf } from "./object-state";
import type { ProviderConfig } from "./provider-config";
import { awaitReady, NotReadyError } from "./readiness/await-ready";

/** What every operation works with: one configured provider. */
export interface Session {
  readonly config: ProviderConfig;
  readonly store: ObjectStore;
  readonly log: EngineLog;
}

/** Too short to be looked for in messages: it would hide half of them. */
const SHORTEST_HIDDEN = 4;

/** The object as it is sent: its kind must be known by now. Objects outside namespaces lose a namespace set by mistake. */
export async function bodyOf(session: Session, type: ObjectType, inputs: PropertyMap): Promise<JsonObject> {
  const body: JsonObject = { ...toApi(inputs), ...type };
  const metadata: JsonObject = { ...(isMap(body.metadata) ? body.metadata : {}) };
  const { namespaced } = await session.store.kinds.find(type);
  if (!namespaced) delete metadata.namespace;
  else if (!metadata.namespace)
    metadata.namespace = session.config.namespace ?? (await session.store.cluster.contextNamespace());
  return { ...body, metadata };
}

/** The field manager and first API version of an object: kept from its state, or made for a new one. */
export function provenanceFor(inputs: PropertyMap, type: ObjectType, state: PropertyMap = {}): Provenance {
  const kept = provenanceOf(state);
  return {
    initialApiVersion: kept?.initialApiVersion ?? type.apiVersion,
    fieldManager:
      pulumiAnnotation(inputs, "patchFieldManager") ??
      kept?.fieldManager ??
      `pulumi-kubernetes-${randomBytes(4).toString("hex")}`,
  };
}

export interface Awaiting {
  readonly urn: string;
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number | undefined;
}

/** Waits for a written object and returns its state. A failure keeps the object's state, so that the next run continues. */
export async function settle(
  { store, log }: Session,
  written: JsonObject,
  inputs: PropertyMap,
  provenance: Provenance,
  awaiting: Awaiting,
): Promise<PropertyMap> {
  const onProgress = (state: string) => log.status(awaiting.urn, hideSecrets(`waiting: ${state}`, inputs));
  try {
    const live = await awaitReady(written, inputs, { store, onProgress, ...awaiting });
    log.status(awaiting.urn, "");
    return stateOf(live, inputs, provenance);
  } catch (error) {
    const live = error instanceof NotReadyError ? error.live : written;
    const reason =
      error instanceof NotReadyError
        ? error.message
        : `${describe(live)} — was written, but not awaited: ${String(error)}`;
    throw new InitializationFailure(formatId(live), stateOf(live, inputs, provenance), [hideSecrets(reason, inputs)]);
  }
}

/** A failed operation as a sentence without secret values: the API server repeats what it refuses. */
export function operationError(what: string, error: unknown, inputs: PropertyMap): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(hideSecrets(`${what} — ${message}`, inputs));
}

/** The message with every secret string of the inputs blanked, also in base64 and as JSON. */
function hideSecrets(message: string, inputs: PropertyMap): string {
  return secretStrings(inputs, text(inputs, "kind") === "Secret")
    .filter((value) => value.length >= SHORTEST_HIDDEN)
    .flatMap((value) => [value, JSON.stringify(value).slice(1, -1), Buffer.from(value).toString("base64")])
    .sort((left, right) => right.length - left.length)
    .reduce((text, value) => text.split(value).join("[secret]"), message);
}

function secretStrings(inputs: PropertyMap, isSecretKind: boolean): string[] {
  const found: string[] = [];
  const walk = (value: PropertyValue | undefined, hidden: boolean): void => {
    if (value instanceof Secret) walk(value.value, true);
    else if (isList(value)) value.forEach((item) => walk(item, hidden));
    else if (isMap(value)) Object.values(value).forEach((item) => walk(item, hidden));
    else if (hidden && typeof value === "string") found.push(value);
  };
  walk(inputs, false);
  if (isSecretKind) for (const key of ["data", "stringData"]) walk(inputs[key], true);
  return found;
}
