import type { UpdateRequest } from "../protocol/provider-plugin";
import { containsUnknown, isMap, type JsonObject, type PropertyMap } from "../protocol/property-value";
import { ApiError, ConnectionError, explainConflict, UnknownKindError } from "./api-error";
import { hasNoManagers, needsForceInPreview, takeOverPatch } from "./field-managers";
import { keyIn, type ObjectType, parseId, pulumiAnnotation, text, typeOf } from "./kube-object";
import { type Provenance, stateOf } from "./object-state";
import { bodyOf, operationError, provenanceFor, type Session, settle } from "./session";

/** Someone else may write between our reading and writing; then we read again. */
const WRITE_ATTEMPTS = 5;

/** Updates an object by server-side apply (a custom resource definition by replacing it) and waits until it is ready. */
export async function updateObject(session: Session, request: UpdateRequest): Promise<PropertyMap> {
  const { news, id } = request;
  const type = typeOf(news, request.type);
  const provenance = provenanceFor(news, type, request.olds);
  const what = `${request.preview ? "preview of " : ""}update ${type.kind} ${id}`;
  if (request.preview && (containsUnknown(news) || !(await session.store.cluster.reachable()))) return news;
  let written: JsonObject;
  try {
    written = await write(session, request, type, provenance);
  } catch (error) {
    if (request.preview && isPlannedFromState(error)) return news;
    throw operationError(what, explainConflict(error), news);
  }
  if (request.preview) return stateOf(written, news, provenance);
  return settle(session, written, news, provenance, request);
}

async function write(
  session: Session,
  request: UpdateRequest,
  type: ObjectType,
  provenance: Provenance,
): Promise<JsonObject> {
  const { store } = session;
  for (let attempt = 1; ; attempt++) {
    const live = await read(session, type, request.id);
    const body = await bodyOf(session, type, request.news);
    const options = { fieldManager: provenance.fieldManager, dryRun: request.preview };
    try {
      if (type.kind === "CustomResourceDefinition") return await store.replace(onTopOf(live, body), options);
      const takeOver = request.preview ? [] : takeOverPatch(live, provenance.fieldManager);
      if (takeOver.length > 0) await store.patch(type, keyIn(body), takeOver);
      return await store.apply(body, force(session, request, live), options);
    } catch (error) {
      const raced = error instanceof ApiError && error.conflict && error.conflictingFields.length === 0;
      if (!raced || attempt >= WRITE_ATTEMPTS) throw error;
    }
  }
}

async function read(session: Session, type: ObjectType, id: string): Promise<JsonObject> {
  try {
    return await session.store.get(type, parseId(id));
  } catch (error) {
    if (!(error instanceof ApiError) || !error.notFound) throw error;
    throw new Error("it is no longer in the cluster — run `pulumi refresh`, then `pulumi up` creates it again");
  }
}

function onTopOf(live: JsonObject, body: JsonObject): JsonObject {
  const metadata = isMap(body.metadata) ? body.metadata : {};
  return { ...body, metadata: { ...metadata, resourceVersion: text(live, "metadata", "resourceVersion") ?? "" } };
}

function force({ config }: Session, { news, preview }: UpdateRequest, live: JsonObject): boolean {
  if (config.enablePatchForce || pulumiAnnotation(news, "patchForce") === "true") return true;
  return preview ? needsForceInPreview(live) : hasNoManagers(live);
}

function isPlannedFromState(error: unknown): boolean {
  if (error instanceof UnknownKindError || error instanceof ConnectionError) return true;
  return error instanceof ApiError && error.forbidden;
}
