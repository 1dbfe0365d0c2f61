import type { PropertyMap } from "../protocol/property-value";
import { groupOf, lookup, type ObjectType } from "./kube-object";
import type { ProviderConfig } from "./provider-config";

/** Fields that the API server doesn't let change, so that a change of one means a replacement. */

const IDENTITY = ["kind", "metadata.name", "metadata.namespace"];

const VOLUME_SOURCES = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "csi",
  "fc",
  "flexVolume",
  "gcePersistentDisk",
  "hostPath",
  "iscsi",
  "local",
  "nfs",
  "rbd",
  "vsphereVolume",
];

/** By group and kind. */
const BY_KIND: Readonly<Record<string, readonly string[]>> = {
  "apps/DaemonSet": ["spec.selector"],
  "apps/Deployment": ["spec.selector"],
  "apps/StatefulSet": [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "batch/Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "storage.k8s.io/StorageClass": ["parameters", "provisioner"],
  "/PersistentVolume": VOLUME_SOURCES.map((source) => `spec.${source}`),
  "/PersistentVolumeClaim": ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  "/Pod": ["spec"],
  "/ResourceQuota": ["spec.scopes"],
  "/Secret": ["type"],
  "/Service": ["spec.clusterIP"],
};

/** What may change in a running pod, below `spec`. */
const MUTABLE_POD_FIELDS = ["spec.activeDeadlineSeconds", "spec.tolerations"];

/** Whether a change at this path replaces the object. A path is meant with everything below it. */
export function isImmutable(path: string, type: ObjectType, inputs: PropertyMap, config: ProviderConfig): boolean {
  const within = (field: string) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
  if (type.kind === "Pod" && MUTABLE_POD_FIELDS.some(within)) return false;
  return immutableFields(type, inputs, config).some((field) => within(field) || field.startsWith(`${path}.`));
}

function immutableFields(type: ObjectType, inputs: PropertyMap, config: ProviderConfig): string[] {
  const group = groupOf(type.apiVersion);
  const fields = [...IDENTITY, ...(BY_KIND[`${group}/${type.kind}`] ?? [])];
  const frozen = lookup(inputs, "immutable") === true;
  if (group === "" && type.kind === "Secret" && (frozen || !config.enableSecretMutable))
    fields.push("data", "stringData");
  if (group === "" && type.kind === "ConfigMap" && (frozen || !config.enableConfigMapMutable))
    fields.push("data", "binaryData");
  return fields;
}
