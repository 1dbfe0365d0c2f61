import { InitializationFailure } from "../protocol/initialization-failure";
import type { ReadRequest, ReadState } from "../protocol/provider-plugin";
import { copySecrets, isMap, type JsonObject, type PropertyMap, without } from "../protocol/property-value";
import { UnknownKindError } from "./api-error";
import { describe, fromApi, type ObjectType, parseId, pulumiAnnotation, typeOf } from "./kube-object";
import { pruneToInputs, stateOf } from "./object-state";
import { operationError, provenanceFor, type Session } from "./session";
import { readinessRule } from "./readiness/await-ready";

/** Metadata and annotations that the cluster writes, which are no inputs of an imported object. */
const NO_INPUT_METADATA = ["creationTimestamp", "generation", "managedFields", "resourceVersion", "uid", "selfLink"];
const NO_INPUT_ANNOTATIONS = ["deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"];

/** Reads an object for a refresh, an import or a `get`; `undefined` when it is gone. */
export async function readObject(session: Session, request: ReadRequest): Promise<ReadState | undefined> {
  const { inputs, properties, id } = request;
  const type = typeOf(inputs.kind === undefined ? properties : inputs, request.type);
  if (!(await session.store.cluster.reachable())) return readUnreachable(session, request, type);
  let live: JsonObject | undefined;
  try {
    live = await session.store.find(type, parseId(id));
  } catch (error) {
    if (error instanceof UnknownKindError) return undefined;
    throw operationError(`read ${type.kind} ${id}`, error, inputs);
  }
  if (live === undefined) return undefined;
  const imported = Object.keys(inputs).length === 0;
  const liveInputs = imported
    ? importedInputs(live)
    : (copySecrets(pruneToInputs(live, inputs), inputs) as PropertyMap);
  const state = stateOf(live, liveInputs, provenanceFor(liveInputs, type, properties));
  if (!imported) await requireReady(session, request, live, state, liveInputs);
  return { id, properties: state, inputs: liveInputs };
}

/** An object that isn't ready is reported as such, and the next `up` looks after it. */
async function requireReady(
  { store }: Session,
  { id, inputs, signal }: ReadRequest,
  live: JsonObject,
  state: PropertyMap,
  liveInputs: PropertyMap,
): Promise<void> {
  // Conditions of the user's own are for creating and updating only, as in the official plugin.
  const rule = pulumiAnnotation(inputs, "waitFor") === undefined ? readinessRule(live, inputs) : undefined;
  const verdict = await rule?.(live, { store, signal });
  if (verdict === undefined || verdict.ready) return;
  throw new InitializationFailure(id, state, [`${describe(live)} — not ready: ${verdict.state}`], liveInputs);
}

function readUnreachable({ config, log }: Session, request: ReadRequest, type: ObjectType): ReadState | undefined {
  const { id, urn, properties, inputs } = request;
  if (config.deleteUnreachable) {
    log.write("info", urn, "the cluster can't be reached, and deleteUnreachable is set: removed from the state");
    return undefined;
  }
  if (config.skipUpdateUnreachable) {
    log.write("info", urn, "the cluster can't be reached, and skipUpdateUnreachable is set: kept as it was");
    return { id, properties, inputs };
  }
  throw new Error(
    `read ${type.kind} ${id} — the cluster can't be reached — start it, or, if it is gone for good, run again with ` +
      "PULUMI_K8S_DELETE_UNREACHABLE=true to drop its objects from the state",
  );
}

function importedInputs(live: JsonObject): PropertyMap {
  const { status: _, ...inputs } = fromApi(live);
  if (!isMap(inputs.metadata)) return inputs;
  const metadata = without(inputs.metadata, NO_INPUT_METADATA);
  if (isMap(metadata.annotations)) metadata.annotations = without(metadata.annotations, NO_INPUT_ANNOTATIONS);
  return { ...inputs, metadata };
}
