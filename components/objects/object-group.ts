import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "./kubernetes-object";

/** Kubernetes objects that became resources. */
export interface ObjectGroup {
  /** All of them, for what has to wait for the group. */
  readonly all: readonly pulumi.Resource[];
  /** One of them. @throws when the group has none of that kind and name */
  resource(kind: string, name: string): pulumi.Resource;
}

/**
 * Kubernetes objects as resources of their own, each named `<name>-<kind>-<name of the object>`.
 *
 * Registered directly, under the type that the SDK's own classes have: every object shows in the first preview while the
 * cluster is still unknown, an unchanged preview needs no cluster, and each waits for what the options say. The SDK's
 * ConfigGroup does the first two, but drops `dependsOn` and sends every object twice, which costs each preview a second.
 *
 * Workloads come after all other objects of the group, and nobody waits for a Service: the engine runs four steps a CPU
 * at a time, and on a small computer Services that wait for pods once held every one of them, while the pods waited for
 * a ConfigMap that never got its turn.
 */
export function objectGroup(
  name: string,
  objects: readonly KubernetesObject[],
  options: pulumi.CustomResourceOptions,
): ObjectGroup {
  const resources = new Map<string, pulumi.Resource>();
  const register = (object: KubernetesObject, own: pulumi.CustomResourceOptions): void => {
    const key = `${object.kind}-${object.metadata.name}`.toLowerCase();
    resources.set(key, new ManifestObject(typeOf(object), `${name}-${key}`, { ...withoutAwait(object) }, own));
  };
  const isWorkload = ({ kind }: KubernetesObject): boolean => WORKLOADS.has(kind);
  for (const object of objects.filter((other) => !isWorkload(other))) register(object, options);
  const afterwards = pulumi.mergeOptions(options, { dependsOn: [...resources.values()] });
  for (const object of objects.filter(isWorkload)) register(object, afterwards);
  return {
    all: [...resources.values()],
    resource: (kind, objectName) => {
      const resource = resources.get(`${kind}-${objectName}`.toLowerCase());
      if (!resource) throw new Error(`${name} — has no ${kind} ${objectName}; is the manifest of another version?`);
      return resource;
    },
  };
}

const WORKLOADS: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "DaemonSet", "Job"]);

/** A Service is ready once its pods are, and the workload that makes those is waited for. */
function withoutAwait(object: KubernetesObject): KubernetesObject {
  if (object.kind !== "Service") return object;
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, "pulumi.com/skipAwait": "true" } },
  };
}

class ManifestObject extends pulumi.CustomResource {}

/** `kubernetes:apps/v1:Deployment`; the API group without a name is called core. */
function typeOf({ apiVersion, kind }: KubernetesObject): string {
  return `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
}
