import { setTimeout as sleep } from "node:timers/promises";
import type { PropertyMap } from "../protocol/property-value";
import { ApiError, UnknownKindError } from "./api-error";
import type { ClusterConnection } from "./cluster-connection";
import { list, lookup, type ObjectKey, type ObjectType, text } from "./kube-object";

/** How the API serves a kind. */
interface Kind {
  /** `deployments` */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** How long a kind may stay unknown while its definition is being created, in seconds. */
const NEW_KIND_SECONDS = 60;
const PAUSE_MS = 500;

/** Which kinds the cluster knows, asked for by group and version and remembered. */
export class KindRegistry {
  private readonly groups = new Map<string, Promise<Map<string, Kind>>>();

  constructor(private readonly cluster: ClusterConnection) {}

  /** The kind, or an UnknownKindError. A kind that isn't known is asked for again each time. */
  async find(type: ObjectType): Promise<Kind> {
    for (const fresh of [false, true]) {
      if (fresh) this.groups.delete(type.apiVersion);
      const known = (await this.group(type.apiVersion)).get(type.kind);
      if (known !== undefined) return known;
    }
    throw new UnknownKindError(type.apiVersion, type.kind);
  }

  /** `find`, waiting up to a minute for the kind to appear; `onWait` is called once if it has to wait. */
  async await(type: ObjectType, signal: AbortSignal, onWait: () => void): Promise<Kind> {
    const deadline = Date.now() + NEW_KIND_SECONDS * 1000;
    for (let waited = false; ; waited = true) {
      try {
        return await this.find(type);
      } catch (error) {
        if (!(error instanceof UnknownKindError) || Date.now() > deadline) throw error;
        if (!waited) onWait();
        await sleep(PAUSE_MS, undefined, { signal });
      }
    }
  }

  /** The path of one object, or of its collection when no name is given. */
  async path(type: ObjectType, key: Partial<ObjectKey>): Promise<string> {
    const kind = await this.find(type);
    const namespace = kind.namespaced ? `/namespaces/${key.namespace || (await this.cluster.contextNamespace())}` : "";
    const name = key.name === undefined ? "" : `/${encodeURIComponent(key.name)}`;
    return `${groupPath(type.apiVersion)}${namespace}/${kind.plural}${name}`;
  }

  private group(apiVersion: string): Promise<Map<string, Kind>> {
    let group = this.groups.get(apiVersion);
    if (group === undefined) {
      group = this.load(apiVersion);
      this.groups.set(apiVersion, group);
      group.catch(() => this.groups.delete(apiVersion));
    }
    return group;
  }

  private async load(apiVersion: string): Promise<Map<string, Kind>> {
    try {
      const found = await this.cluster.send({ method: "GET", path: groupPath(apiVersion) });
      return parseKinds(found);
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return new Map();
      throw error;
    }
  }
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function parseKinds(found: PropertyMap): Map<string, Kind> {
  const kinds = new Map<string, Kind>();
  for (const resource of list(found, "resources")) {
    const [kind, plural] = [text(resource, "kind"), text(resource, "name")];
    // "deployments/status" and the like are subresources of the same kind
    if (kind && plural && !plural.includes("/")) {
      kinds.set(kind, { plural, namespaced: lookup(resource, "namespaced") === true });
    }
  }
  return kinds;
}
