import type { KubernetesObject } from "../../../components/objects/kubernetes-object";

/** Kinds that live in no namespace: what Kubernetes 1.27 has, and the definitions of its extensions. */
const CLUSTER_SCOPED = new Set([
  ...["APIService", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "CSIDriver", "CSINode"],
  ...["FlowSchema", "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume"],
  ...["PriorityClass", "PriorityLevelConfiguration", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy"],
  ...["ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment"],
  ...["CertificateSigningRequest", "ClusterSecretStore", "ClusterExternalSecret"],
]);

export function isClusterScoped({ kind }: KubernetesObject): boolean {
  return CLUSTER_SCOPED.has(kind);
}

/** `apps` of `apps/v1`; empty for the core group. */
export function groupOf({ apiVersion }: KubernetesObject): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

/** `Deployment web/web`, or `Namespace web`. */
export function nameOf(object: KubernetesObject): string {
  const { name, namespace } = object.metadata;
  return `${object.kind} ${namespace === undefined || isClusterScoped(object) ? "" : `${namespace}/`}${name}`;
}

/** The object where Argo CD puts it: what names no namespace goes to the Application's own. */
export function inNamespace(object: KubernetesObject, namespace: string | undefined): KubernetesObject {
  if (namespace === undefined || object.metadata.namespace !== undefined || isClusterScoped(object)) return object;
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** A container's fields that rules look at. Nothing is certain: a schema violation is told by the schema check. */
export interface PodContainer {
  readonly name?: string;
  readonly image?: string;
  readonly resources?: {
    readonly requests?: Readonly<Record<string, unknown>>;
    readonly limits?: Readonly<Record<string, unknown>>;
  };
  readonly securityContext?: { readonly privileged?: boolean };
  readonly readinessProbe?: unknown;
}

/** A pod's fields that rules look at. */
export interface Pod {
  readonly containers: readonly PodContainer[];
  readonly initContainers: readonly PodContainer[];
  readonly volumes: readonly { readonly name?: string; readonly hostPath?: { readonly path?: string } }[];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
}

const POD_PATHS: Readonly<Record<string, readonly string[]>> = {
  Pod: ["spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
  ...Object.fromEntries(
    ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"].map((kind) => [
      kind,
      ["spec", "template", "spec"],
    ]),
  ),
};

/** The pod that an object runs, with the path to it; undefined for what runs none. */
export function podOf(object: KubernetesObject): { readonly pod: Pod; readonly path: string } | undefined {
  const steps = POD_PATHS[object.kind];
  if (!steps) return undefined;
  const found = steps.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[step] : undefined,
    object,
  );
  if (typeof found !== "object" || found === null) return undefined;
  const pod = found as Partial<Pod>;
  const { containers = [], initContainers = [], volumes = [] } = pod;
  if (![containers, initContainers, volumes].every((list) => Array.isArray(list))) return undefined;
  return { pod: { ...pod, containers, initContainers, volumes }, path: steps.join(".") };
}

/** Every container of a pod with the path to it. */
export function containersOf(
  object: KubernetesObject,
): readonly { container: PodContainer; path: string; init: boolean }[] {
  const found = podOf(object);
  if (!found) return [];
  const list = (field: "containers" | "initContainers") =>
    found.pod[field].map((container, index) => ({
      container,
      path: `${found.path}.${field}[${index}]`,
      init: field === "initContainers",
    }));
  return [...list("initContainers"), ...list("containers")];
}
