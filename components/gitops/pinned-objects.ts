import type { Artifact } from "../artifacts/artifact";
import { pinImages, type ManifestObject } from "../artifacts/pin-images";
import type { KubernetesObject } from "./manifest";
import { containersOf } from "./workload";

/** The objects with every image pinned to its digest; one that the artifacts don't know is an error. */
export function pinnedObjects(
  objects: readonly KubernetesObject[],
  artifacts: readonly Artifact[],
): readonly KubernetesObject[] {
  // What comes out of YAML is JSON, though its type here says less.
  const pinned = pinImages(objects as readonly (KubernetesObject & ManifestObject)[], artifacts);
  const unpinned = pinned.flatMap(containersOf).filter(({ image }) => !image.includes("@sha256:"));
  if (unpinned.length > 0) {
    const images = [...new Set(unpinned.map(({ image }) => image))].join(", ");
    throw new Error(`artifacts — hold no digest of ${images} — generate the list for these versions again`);
  }
  return pinned;
}
