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

type IsClusterScoped = (object: Pick<KubernetesObject, "apiVersion" | "kind">) => boolean;

/** Tells which objects live in no namespace: by the CustomResourceDefinitions at hand, else by what Kubernetes has. */
export function scopesOf(definitions: readonly KubernetesObject[]): IsClusterScoped {
  const scopes = new Map(
    definitions.map(({ spec }) => {
      const { group, names, scope } = (spec ?? {}) as { group?: string; names?: { kind?: string }; scope?: string };
      return [`${group ?? ""}/${names?.kind ?? ""}`, scope === "Cluster"] as const;
    }),
  );
  return (object) =>
    scopes.get(`${groupOf(object)}/${object.kind}`) ?? CLUSTER_SCOPED[groupOf(object)]?.includes(object.kind) ?? false;
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
  if (isClusterScoped(object)) return own === undefined ? object : { ...object, metadata };
  if (own !== undefined && own !== "") return object;
  return { ...object, metadata: { ...metadata, namespace: namespace ?? "" } };
}
