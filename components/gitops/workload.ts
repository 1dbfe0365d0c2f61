import type { KubernetesObject } from "../objects/kubernetes-object";

/** A variable of a container: a plain value, or one that is read from elsewhere. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

/** The fields of a container that this project reads or changes; the rest travels along untouched. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly readinessProbe?: object;
  readonly resources?: object;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

/** The fields of a pod that this project reads or changes; the rest travels along untouched. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name: string }[];
}

/** What a workload makes its pods from. */
export interface PodTemplate {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

interface Workload extends KubernetesObject {
  readonly spec: { readonly template: PodTemplate };
}

const WORKLOAD_KINDS = ["Deployment", "StatefulSet", "DaemonSet"];

function isWorkload(object: KubernetesObject): object is Workload {
  return WORKLOAD_KINDS.includes(object.kind);
}

/** A copy of the objects in which every pod template is what `change` made of it; the rest stays as it is. */
export function mapTemplates(
  objects: readonly KubernetesObject[],
  change: (template: PodTemplate, workload: string) => PodTemplate,
): KubernetesObject[] {
  return objects.map((object) =>
    isWorkload(object)
      ? { ...object, spec: { ...object.spec, template: change(object.spec.template, object.metadata.name) } }
      : object,
  );
}

/** As `mapTemplates`, for what runs in the pods. */
export function mapPods(
  objects: readonly KubernetesObject[],
  change: (pod: PodSpec, workload: string) => PodSpec,
): KubernetesObject[] {
  return mapTemplates(objects, (template, workload) => ({ ...template, spec: change(template.spec, workload) }));
}

/** As `mapPods`, for the containers that run as long as the pod does. */
export function mapContainers(
  objects: readonly KubernetesObject[],
  change: (container: Container, workload: string) => Container,
): KubernetesObject[] {
  return mapPods(objects, (pod, workload) => ({
    ...pod,
    containers: pod.containers.map((container) => change(container, workload)),
  }));
}

/**
 * Probes readiness soon and often, so that a pod which is up counts as up. The official manifests probe every 10 to 30
 * seconds, and a first probe that comes a moment too early costs a whole period. It still takes 30 seconds of failures
 * to take a pod out of service.
 */
export function withPromptReadiness(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const prompt = { initialDelaySeconds: 1, periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 15 };
  return mapContainers(objects, (container) =>
    container.readinessProbe ? { ...container, readinessProbe: { ...container.readinessProbe, ...prompt } } : container,
  );
}

/**
 * Doesn't ask the registry at every start of a pod: images are pinned by digest, so the answer can't differ, and a
 * registry that is down must not keep a pod from restarting.
 */
export function withImagesKept(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const kept = (container: Container): Container => ({ ...container, imagePullPolicy: "IfNotPresent" });
  return mapPods(objects, (pod) => ({
    ...pod,
    containers: pod.containers.map(kept),
    ...(pod.initContainers ? { initContainers: pod.initContainers.map(kept) } : {}),
  }));
}
