import type { Artifact } from "../artifacts/artifact";
import { pinImages } from "../artifacts/pin-images";
import type { KubernetesObject } from "../objects/kubernetes-object";
import { containersOf } from "./workload";

/** The objects with every image pinned to its digest; one that the artifacts don't know is an error. */
export function pinnedObjects(
  objects: readonly KubernetesObject[],
  artifacts: readonly Artifact[],
): readonly KubernetesObject[] {
  const pinned = pinImages(objects, artifacts);
  const unpinned = pinned.flatMap(containersOf).filter(({ image }) => !image.includes("@sha256:"));
  if (unpinned.length > 0) {
    const images = [...new Set(unpinned.map(({ image }) => image))].join(", ");
    throw new Error(`artifacts — hold no digest of ${images} — generate the list for these versions again`);
  }
  return pinned;
}
