import { setTimeout as sleep } from "node:timers/promises";
import type { DeleteRequest } from "../protocol/provider-plugin";
import type { JsonObject, PropertyMap } from "../protocol/property-value";
import { ApiError, UnknownKindError } from "./api-error";
import { list, type ObjectKey, type ObjectType, parseId, pulumiAnnotation, text, typeOf } from "./kube-object";
import type { Propagation } from "./object-store";
import { timeoutFor } from "./readiness/await-ready";
import { operationError, type Session } from "./session";

const POLL_MS = 500;
/** How long a destroy waits for an API server that refuses connections. */
const UNREACHABLE_SECONDS = 5;
/** Kinds whose deletion isn't awaited when they carry `pulumi.com/skipAwait`. */
const SKIPPABLE = ["DaemonSet", "Deployment", "Job", "Namespace", "Pod", "ReplicationController", "StatefulSet"];

/** Deletes an object and waits until it is gone. An object or kind that is gone already is fine. */
export async function deleteObject(session: Session, request: DeleteRequest): Promise<void> {
  const { olds, oldInputs, id, urn } = request;
  const type = typeOf(olds.kind === undefined ? oldInputs : olds, request.type);
  if (!(await session.store.cluster.reachable(UNREACHABLE_SECONDS))) {
    if (!session.config.deleteUnreachable) throw unreachable(type, id);
    session.log.write(
      "info",
      urn,
      "the cluster can't be reached, and deleteUnreachable is set: removed from the state only",
    );
    return;
  }
  try {
    const key = parseId(id);
    await session.store.delete(type, key, propagation(oldInputs));
    const skips = pulumiAnnotation(oldInputs, "skipAwait") === "true" && SKIPPABLE.includes(type.kind);
    if (!skips) await awaitGone(session, type, key, request);
    session.log.status(urn, "");
  } catch (error) {
    if (error instanceof UnknownKindError || (error instanceof ApiError && error.notFound)) return;
    throw operationError(`delete ${type.kind} ${id}`, error, oldInputs);
  }
}

async function awaitGone(
  { store, log }: Session,
  type: ObjectType,
  key: ObjectKey,
  request: DeleteRequest,
): Promise<void> {
  const timeoutSeconds = timeoutFor(request.timeoutSeconds, request.oldInputs);
  const start = Date.now();
  let first: JsonObject | undefined;
  for (let shown = ""; ;) {
    const live = await store.find(type, key, request.signal);
    first ??= live;
    // Another uid means that it was deleted, and someone made a new one.
    if (live === undefined || text(live, "metadata", "uid") !== text(first, "metadata", "uid")) return;
    const state = holding(live);
    if (Date.now() - start > timeoutSeconds * 1000) {
      throw new Error(
        `still there after ${timeoutSeconds} s, the limit: ${state} — ` +
          "remove what holds it and run again; see: kubectl get -o yaml its metadata and status",
      );
    }
    if (state !== shown) log.status(request.urn, `waiting for deletion: ${state}`);
    shown = state;
    await sleep(POLL_MS, undefined, { signal: request.signal });
  }
}

/** What keeps an object that is being deleted. */
function holding(live: JsonObject): string {
  const finalizers = list(live, "metadata", "finalizers");
  const remaining = list(live, "status", "conditions")
    .filter((item) => text(item, "status") === "True" && /Remaining|Failure/.test(text(item, "type") ?? ""))
    .map((item) => text(item, "message") ?? "");
  const reasons = [
    ...remaining,
    ...(finalizers.length > 0 ? [`finalizers ${finalizers.map((finalizer) => text(finalizer)).join(", ")}`] : []),
  ];
  return reasons.length > 0 ? reasons.join("; ") : "being deleted";
}

function propagation(inputs: PropertyMap): Propagation {
  const policy = pulumiAnnotation(inputs, "deletionPropagationPolicy")?.toLowerCase();
  if (policy === "orphan") return "Orphan";
  return policy === "background" ? "Background" : "Foreground";
}

function unreachable(type: ObjectType, id: string): Error {
  return new Error(
    `delete ${type.kind} ${id} — the cluster can't be reached — start it, or, if it is gone for good, run again with ` +
      "PULUMI_K8S_DELETE_UNREACHABLE=true to drop its objects from the state",
  );
}
