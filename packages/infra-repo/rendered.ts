import type { KubernetesObject } from "./kubernetes-object";

/** `apps` of `apps/v1`; empty for the core group. */
export function groupOf({ apiVersion }: Pick<KubernetesObject, "apiVersion">): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

/** `Deployment web/web`, or `Namespace web`. */
export function nameOf({ kind, metadata: { name, namespace } }: KubernetesObject): string {
  return `${kind} ${namespace === undefined || namespace === "" ? "" : `${namespace}/`}${name}`;
}

/** Whether a placed object lives in no namespace. */
export function isClusterScoped({ metadata }: KubernetesObject): boolean {
  return metadata.namespace === undefined;
}

const HOOKS = ["PreSync", "Sync", "PostSync", "SyncFail"];
const HELM_HOOKS = ["pre-install", "pre-upgrade", "post-install", "post-upgrade", "crd-install"];

/** Whether Argo CD applies an object: hooks of kinds that it doesn't know, as a chart's tests, stay out of the cluster. */
export function isApplied({ metadata }: KubernetesObject): boolean {
  const annotations = (metadata.annotations ?? {}) as Readonly<Record<string, unknown>>;
  const listed = (name: string): string[] | undefined => {
    const value = annotations[name];
    return typeof value === "string" ? value.split(",").map((word) => word.trim()) : undefined;
  };
  const own = listed("argocd.argoproj.io/hook");
  const helm = listed("helm.sh/hook");
  if (own?.some((word) => HOOKS.includes(word))) return true;
  if (own?.includes("Skip")) return false;
  return (own ?? helm) === undefined || (helm ?? []).some((word) => HELM_HOOKS.includes(word));
}

/** A container's fields that rules look at. None is certain: the schema check reports what breaks its form. */
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
  // An entry without content is the schema check's to report.
  const entries = <T extends object>(list: readonly T[]): T[] => list.map((entry) => ({ ...entry }));
  const lists = { containers: entries(containers), initContainers: entries(initContainers), volumes: entries(volumes) };
  return { pod: { ...pod, ...lists }, path: steps.join(".") };
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
