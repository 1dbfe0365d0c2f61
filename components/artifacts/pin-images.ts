import type { Artifact } from "./artifact";

const CONTAINER_LISTS = new Set(["containers", "initContainers", "ephemeralContainers"]);

/**
 * Pins every container image to its digest, `name:tag@sha256:…`; one that has a digest stays as it is. The given
 * objects are not changed.
 *
 * @throws Error naming every image that the artifacts don't hold.
 */
export function pinImages<T extends object>(objects: readonly T[], artifacts: readonly Artifact[]): T[] {
  const digests = new Map(
    artifacts.flatMap((artifact) => (artifact.kind === "image" ? [[artifact.path, artifact.digest] as const] : [])),
  );
  const unknown = new Set<string>();
  const pinned = objects.map((object) => pinValue(object, digests, unknown) as T);
  if (unknown.size > 0) {
    const images = [...unknown].join(", ");
    throw new Error(`artifacts — hold no digest of ${images} — generate the list for these versions again`);
  }
  return pinned;
}

/** The full form of an image reference: `redis:7` becomes `docker.io/library/redis:7`. */
export function fullReference(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `docker.io/library/${image}`;
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  return isHost ? image : `docker.io/${image}`;
}

function pinValue(value: unknown, digests: ReadonlyMap<string, string>, unknown: Set<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => pinValue(item, digests, unknown));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      CONTAINER_LISTS.has(key) && Array.isArray(item)
        ? item.map((container) => pinContainer(container, digests, unknown))
        : pinValue(item, digests, unknown),
    ]),
  );
}

function pinContainer(container: unknown, digests: ReadonlyMap<string, string>, unknown: Set<string>): unknown {
  if (typeof container !== "object" || container === null || !("image" in container)) return container;
  const { image } = container;
  if (typeof image !== "string" || image.includes("@sha256:")) return container;
  const reference = fullReference(image);
  const digest = digests.get(reference);
  if (digest === undefined) unknown.add(image);
  return { ...container, image: `${reference}@${digest}` };
}
