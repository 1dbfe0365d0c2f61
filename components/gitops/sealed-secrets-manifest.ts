import type { KubernetesObject } from "../objects/kubernetes-object";
import { mapContainers, mapTemplates, withImagesKept, withPromptReadiness } from "./workload";

/**
 * The objects of the official chart, with this platform's changes. `keys` are the names of the key Secrets: the
 * controller reads them at its start only, so it has to start again when there is one more.
 */
export function sealedSecretsObjects(
  official: readonly KubernetesObject[],
  keys: readonly string[],
): KubernetesObject[] {
  return [withRequests, withPromptReadiness, withImagesKept, restartedBy(keys)].reduce(
    (objects, change) => change(objects),
    [...official],
  );
}

type Change = (objects: readonly KubernetesObject[]) => KubernetesObject[];

const withRequests: Change = (objects) =>
  mapContainers(objects, (container) => ({ ...container, resources: { requests: { cpu: "20m", memory: "64Mi" } } }));

function restartedBy(keys: readonly string[]): Change {
  const annotations = { "sealing-keys": [...keys].sort().join(",") };
  return (objects) =>
    mapTemplates(objects, (template) => ({
      ...template,
      metadata: { ...template.metadata, annotations: { ...template.metadata?.annotations, ...annotations } },
    }));
}
