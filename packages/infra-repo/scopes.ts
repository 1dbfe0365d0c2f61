import type { KubernetesObject } from "./kubernetes-object";
import { groupOf } from "./rendered";

/** Kinds of Kubernetes 1.27 that live in no namespace, by group. */
const CLUSTER_SCOPED: Readonly<Record<string, readonly string[]>> = {
  "": ["Namespace", "Node", "PersistentVolume", "ComponentStatus"],
  "admissionregistration.k8s.io": [
    ...["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
    ...["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
  ],
  "apiextensions.k8s.io": ["CustomResourceDefinition"],
  "apiregistration.k8s.io": ["APIService"],
  "certificates.k8s.io": ["CertificateSigningRequest", "ClusterTrustBundle"],
  "flowcontrol.apiserver.k8s.io": ["FlowSchema", "PriorityLevelConfiguration"],
  "networking.k8s.io": ["ClusterCIDR", "IngressClass"],
  "node.k8s.io": ["RuntimeClass"],
  "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
  "scheduling.k8s.io": ["PriorityClass"],
  "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
  // The chart that brings it isn't rendered here.
  "external-secrets.io": ["ClusterSecretStore", "ClusterExternalSecret"],
};

/** Groups of Kubernetes 1.27, and what the platform brings: of every kind in them it is known where it lives. */
const KNOWN_GROUPS: ReadonlySet<string> = new Set([
  ...Object.keys(CLUSTER_SCOPED),
  ...["apps", "autoscaling", "batch", "policy", "bitnami.com"],
  ...["authentication", "authorization", "coordination", "discovery", "events", "resource"].map(
    (name) => `${name}.k8s.io`,
  ),
]);
const ARGO_CD = ["Application", "ApplicationSet", "AppProject"];

/** Undefined for a kind whose definition isn't at hand. */
type IsClusterScoped = (object: Pick<KubernetesObject, "apiVersion" | "kind">) => boolean | undefined;

/** Placed objects of which it isn't known whether they live in a namespace: nothing defines their kind. */
const unsure = new WeakSet<KubernetesObject>();

/** Whether a placed object may live in no namespace after all. */
export function isUnsure(object: KubernetesObject): boolean {
  return unsure.has(object);
}

/** Tells which objects live in no namespace: by the CustomResourceDefinitions at hand, else by what Kubernetes has. */
export function scopesOf(definitions: readonly KubernetesObject[]): IsClusterScoped {
  const scopes = new Map(
    definitions.map(({ spec }) => {
      const { group, names, scope } = (spec ?? {}) as { group?: string; names?: { kind?: string }; scope?: string };
      return [`${group ?? ""}/${names?.kind ?? ""}`, scope === "Cluster"] as const;
    }),
  );
  return (object) => {
    const group = groupOf(object);
    const defined = scopes.get(`${group}/${object.kind}`) ?? CLUSTER_SCOPED[group]?.includes(object.kind);
    const isKnown = KNOWN_GROUPS.has(group) || (group === "argoproj.io" && ARGO_CD.includes(object.kind));
    return defined ?? (isKnown ? false : undefined);
  };
}

/**
 * An object where Argo CD puts it: what names no namespace goes to the Application's own, and what lives in none has
 * none. So in a placed object no namespace means cluster-scoped, and an empty one that nothing names any.
 */
export function placed(
  object: KubernetesObject,
  namespace: string | undefined,
  isClusterScoped: IsClusterScoped,
): KubernetesObject {
  const { namespace: own, ...metadata } = object.metadata;
  const scope = isClusterScoped(object);
  if (scope === true) return own === undefined ? object : { ...object, metadata };
  if (own !== undefined && own !== "") {
    if (scope === undefined) unsure.add(object);
    return object;
  }
  const inside = { ...object, metadata: { ...metadata, namespace: namespace ?? "" } };
  if (scope === undefined) unsure.add(inside);
  return inside;
}
