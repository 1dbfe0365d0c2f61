import { setTimeout as sleep } from "node:timers/promises";
import type { CreateRequest, ResourceState } from "../protocol/provider-plugin";
import { containsUnknown, isMap, type JsonObject, type PropertyMap, UNKNOWN } from "../protocol/property-value";
import { ApiError, ConnectionError, explainConflict, UnknownKindError } from "./api-error";
import { CREATE_MANAGER } from "./field-managers";
import { describe, formatId, type ObjectType, pulumiAnnotation, typeOf } from "./kube-object";
import { type Provenance, stateOf } from "./object-state";
import { bodyOf, operationError, provenanceFor, type Session, settle } from "./session";

/** How long the namespace of an object may still be missing, in seconds. */
const NAMESPACE_SECONDS = 30;
const PAUSE_MS = 1000;

/**
 * Creates an object and waits until it is ready. An object that exists already is refused, unless the provider has
 * `upsertExistingObjects`; then it is taken over by server-side apply.
 */
export async function createObject(session: Session, request: CreateRequest): Promise<ResourceState> {
  const type = typeOf(request.inputs, request.type);
  const provenance = provenanceFor(request.inputs, type);
  if (request.preview) return { id: "", properties: await previewCreation(session, request, type, provenance) };
  const written = await write(session, request, type, provenance);
  return { id: formatId(written), properties: await settle(session, written, request.inputs, provenance, request) };
}

async function write(
  session: Session,
  request: CreateRequest,
  type: ObjectType,
  provenance: Provenance,
): Promise<JsonObject> {
  const { inputs, urn, signal } = request;
  const what = `create ${type.kind} ${formatId(inputs)}`;
  const deadline = Date.now() + NAMESPACE_SECONDS * 1000;
  for (;;) {
    try {
      await session.store.kinds.await(type, signal, () =>
        session.log.status(urn, `waiting: kind ${type.kind} is not known yet`),
      );
      return await send(session, await bodyOf(session, type, inputs), inputs, provenance, false);
    } catch (error) {
      if (!(error instanceof ApiError)) throw operationError(what, error, inputs);
      if (error.alreadyExists) throw operationError(what, alreadyExists(), inputs);
      if (!error.notFound || Date.now() > deadline) throw operationError(what, explainConflict(error), inputs);
      session.log.status(urn, `waiting: ${error.message}`);
      await sleep(PAUSE_MS, undefined, { signal });
    }
  }
}

/** Asks the server what would be created. What can't be asked is previewed from the inputs. */
async function previewCreation(
  session: Session,
  request: CreateRequest,
  type: ObjectType,
  provenance: Provenance,
): Promise<PropertyMap> {
  const { inputs } = request;
  if (containsUnknown(inputs) || !(await session.store.cluster.reachable())) return inputs;
  try {
    const body = await bodyOf(session, type, inputs);
    const planned = await send(session, body, inputs, provenance, true);
    return stateOf(withoutResults(planned), inputs, provenance);
  } catch (error) {
    if (error instanceof UnknownKindError || error instanceof ConnectionError) return inputs;
    // Its namespace may come with this very run, and a replaced object may still be there.
    if (error instanceof ApiError && (error.notFound || error.alreadyExists || error.forbidden || refusesDryRun(error)))
      return inputs;
    throw operationError(`preview of ${describe(inputs)}`, error, inputs);
  }
}

function send(
  session: Session,
  body: JsonObject,
  inputs: PropertyMap,
  provenance: Provenance,
  dryRun: boolean,
): Promise<JsonObject> {
  if (!session.config.upsertExistingObjects)
    return session.store.create(body, { fieldManager: CREATE_MANAGER, dryRun });
  const force = dryRun || session.config.enablePatchForce || pulumiAnnotation(inputs, "patchForce") === "true";
  return session.store.apply(body, force, { fieldManager: provenance.fieldManager, dryRun });
}

/** A dry run's object without what only a real one gets. */
function withoutResults({ status: _, ...object }: JsonObject): JsonObject {
  if (!isMap(object.metadata)) return object;
  const results = { uid: UNKNOWN, resourceVersion: UNKNOWN, creationTimestamp: UNKNOWN };
  return { ...object, metadata: { ...object.metadata, ...results } as unknown as JsonObject };
}

function refusesDryRun(error: ApiError): boolean {
  return error.status === 400 && /dry ?run/i.test(error.message);
}

function alreadyExists(): Error {
  return new Error(
    "it already exists in the cluster, but not in this stack's state — import it, delete it, " +
      "or set upsertExistingObjects on the provider to take existing objects over",
  );
}
