import type { JsonObject } from "../protocol/property-value";
import { ApiError } from "./api-error";
import type { ClusterConnection } from "./cluster-connection";
import { KindRegistry } from "./kind-registry";
import { keyIn, type ObjectKey, type ObjectType, typeIn } from "./kube-object";

export interface WriteOptions {
  readonly fieldManager: string;
  /** Ask the server what would happen, without doing it. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
  readonly retrySeconds?: number;
}

export type Propagation = "Foreground" | "Background" | "Orphan";

/** Reading and writing single objects of any kind. */
export class ObjectStore {
  readonly kinds: KindRegistry;

  constructor(readonly cluster: ClusterConnection) {
    this.kinds = new KindRegistry(cluster);
  }

  async get(type: ObjectType, key: ObjectKey, signal?: AbortSignal): Promise<JsonObject> {
    return this.cluster.send({ method: "GET", path: await this.kinds.path(type, key), signal });
  }

  /** `get`, or `undefined` when the object isn't there. */
  async find(type: ObjectType, key: ObjectKey, signal?: AbortSignal): Promise<JsonObject | undefined> {
    try {
      return await this.get(type, key, signal);
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return undefined;
      throw error;
    }
  }

  /** The objects of a namespace that match a label selector. */
  async select(
    type: ObjectType,
    namespace: string,
    labelSelector: string,
    signal?: AbortSignal,
  ): Promise<JsonObject[]> {
    const path = await this.kinds.path(type, { namespace });
    const found = await this.cluster.send({ method: "GET", path, query: { labelSelector }, signal });
    return (found.items as JsonObject[] | undefined) ?? [];
  }

  /** Creates; an object of that name is an AlreadyExists error. */
  async create(object: JsonObject, options: WriteOptions): Promise<JsonObject> {
    const path = await this.kinds.path(typeIn(object), { namespace: keyIn(object).namespace });
    return this.cluster.send({ method: "POST", path, body: object, ...sending(options) });
  }

  /** Server-side apply. */
  async apply(object: JsonObject, force: boolean, options: WriteOptions): Promise<JsonObject> {
    const { query, ...rest } = sending(options);
    return this.cluster.send({
      method: "PATCH",
      path: await this.kinds.path(typeIn(object), keyIn(object)),
      body: object,
      contentType: "application/apply-patch+yaml",
      query: { ...query, force: String(force) },
      ...rest,
    });
  }

  /** Puts an object in the place of the live one; it carries the live one's resourceVersion. */
  async replace(object: JsonObject, options: WriteOptions): Promise<JsonObject> {
    const path = await this.kinds.path(typeIn(object), keyIn(object));
    return this.cluster.send({ method: "PUT", path, body: object, ...sending(options) });
  }

  /** Applies a JSON patch (RFC 6902). */
  async patch(type: ObjectType, key: ObjectKey, operations: JsonObject[], signal?: AbortSignal): Promise<JsonObject> {
    const path = await this.kinds.path(type, key);
    return this.cluster.send({
      method: "PATCH",
      path,
      body: operations,
      contentType: "application/json-patch+json",
      signal,
    });
  }

  /** Starts a deletion. */
  async delete(type: ObjectType, key: ObjectKey, propagationPolicy: Propagation, signal?: AbortSignal): Promise<void> {
    const path = await this.kinds.path(type, key);
    await this.cluster.send({ method: "DELETE", path, body: { propagationPolicy }, signal });
  }
}

function sending({ fieldManager, dryRun, signal, retrySeconds }: WriteOptions) {
  return { query: { fieldManager, ...(dryRun && { dryRun: "All" }) } as Record<string, string>, signal, retrySeconds };
}
