import type { Artifact } from "./artifact";

const CONTAINER_LISTS = new Set(["containers", "initContainers", "ephemeralContainers"]);

/**
 * Adds the pinned digest to every container image that the list knows: `name:tag@sha256:…`. Images that already have
 * a digest, or that the list doesn't know, stay as they are. The given objects are not changed.
 */
export function pinImages<T extends object>(objects: readonly T[], artifacts: readonly Artifact[]): T[] {
  const digests = new Map(
    artifacts.flatMap((artifact) => (artifact.kind === "image" ? [[artifact.path, artifact.digest] as const] : [])),
  );
  return objects.map((object) => pinValue(object, digests) as T);
}

/** The full form of an image reference: `redis:7` becomes `docker.io/library/redis:7`. */
export function fullReference(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `docker.io/library/${image}`;
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  return isHost ? image : `docker.io/${image}`;
}

function pinValue(value: unknown, digests: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => pinValue(item, digests));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      CONTAINER_LISTS.has(key) && Array.isArray(item)
        ? item.map((container) => pinContainer(container, digests))
        : pinValue(item, digests),
    ]),
  );
}

function pinContainer(container: unknown, digests: ReadonlyMap<string, string>): unknown {
  if (typeof container !== "object" || container === null || !("image" in container)) return container;
  const { image } = container;
  if (typeof image !== "string" || image.includes("@")) return container;
  const reference = fullReference(image);
  const digest = digests.get(reference);
  return digest === undefined ? container : { ...container, image: `${reference}@${digest}` };
}
