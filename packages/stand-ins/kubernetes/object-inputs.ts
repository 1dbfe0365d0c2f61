import { createHash, randomBytes } from "node:crypto";
import type { CheckFailure, CheckRequest } from "../protocol/provider-plugin";
import { isMap, type PropertyMap, Unknown, without } from "../protocol/property-value";
import type { ProviderConfig } from "./provider-config";
import { groupOf, lookup, pulumiAnnotation, text, typeOf, typeOfToken } from "./kube-object";

/** Checking a program's inputs: what isn't covered is refused, a missing name is made up, read-only fields go. */

const READ_ONLY_METADATA = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];

/** Kinds outside namespaces, by group: the provider's default namespace isn't for them. Custom kinds can't be told. */
const CLUSTER_SCOPED: Readonly<Record<string, readonly string[]>> = {
  "": ["ComponentStatus", "Namespace", "Node", "PersistentVolume"],
  "admissionregistration.k8s.io": ["*"],
  "apiextensions.k8s.io": ["*"],
  "apiregistration.k8s.io": ["*"],
  "certificates.k8s.io": ["*"],
  "flowcontrol.apiserver.k8s.io": ["*"],
  "node.k8s.io": ["*"],
  "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding"],
  "scheduling.k8s.io": ["*"],
  "storage.k8s.io": ["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"],
};

/** The inputs as they will be used. Throws for resources outside the covered subset. */
export function checkInputs(request: CheckRequest, config: ProviderConfig): PropertyMap {
  refuseUncovered(request);
  const inputs = withoutReadOnly(request.news);
  const named = withName(inputs, request);
  return withDefaultNamespace(named, request.type, config);
}

/** What is wrong with the inputs. */
export function checkFailures(inputs: PropertyMap, token: string): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const type = typeOf(inputs, token);
  for (const key of ["apiVersion", "kind"] as const) {
    if (inputs[key] === undefined) {
      failures.push({ property: key, reason: `${key} is missing; this resource's is ${JSON.stringify(type[key])}` });
    }
  }
  if (lookup(inputs, "metadata", "generateName") !== undefined && text(inputs, "metadata", "name") === undefined) {
    failures.push({
      property: "metadata.generateName",
      reason: "generateName is not supported with server-side apply; set metadata.name",
    });
  }
  return failures;
}

/** Whether the object's name was made up here, so that a replacement can get a new one. */
export function isAutonamed(inputs: PropertyMap): boolean {
  return pulumiAnnotation(inputs, "autonamed") === "true";
}

function refuseUncovered({ type, news }: CheckRequest): void {
  const { apiVersion, kind } = typeOfToken(type);
  const refuse = (why: string): never => {
    throw new Error(`${type} — not covered by the air-gapped stand-in for the kubernetes plugin — ${why}`);
  };
  if (apiVersion.startsWith("helm.sh/"))
    refuse("render the chart in the program and pass its objects to yaml.ConfigGroup");
  if (apiVersion.startsWith("kustomize/") || apiVersion.startsWith("yaml/"))
    refuse("use yaml.ConfigGroup (v1) with objs");
  if (kind.endsWith("Patch") && text(news, "kind") !== kind) refuse("own the whole object, or use the official plugin");
  if (kind.endsWith("List") && Array.isArray(lookup(news, "items"))) refuse("create its items one by one");
}

function withoutReadOnly(news: PropertyMap): PropertyMap {
  const inputs = { ...news };
  if (text(inputs, "kind") === "CustomResourceDefinition") delete inputs.status;
  if (!isMap(inputs.metadata)) return inputs;
  return { ...inputs, metadata: without(inputs.metadata, READ_ONLY_METADATA) };
}

function withName(inputs: PropertyMap, request: CheckRequest): PropertyMap {
  const metadata = inputs.metadata ?? {};
  if (!isMap(metadata) || metadata.annotations instanceof Unknown) return inputs;
  if (metadata.name || metadata.generateName) return inputs;
  const adopted = isAutonamed(request.olds) ? text(request.olds, "metadata", "name") : undefined;
  const annotations = { ...(isMap(metadata.annotations) ? metadata.annotations : {}), "pulumi.com/autonamed": "true" };
  return { ...inputs, metadata: { ...metadata, name: adopted ?? newName(request), annotations } };
}

function newName({ name, autonaming, randomSeed }: CheckRequest): string {
  if (autonaming?.mode === "disable") throw new Error(`${name} — automatic naming is disabled — set metadata.name`);
  if (autonaming !== undefined) return autonaming.proposedName;
  const seed = randomSeed.length > 0 ? randomSeed : new Uint8Array(randomBytes(16));
  return `${name}-${createHash("sha256").update(seed).digest("hex").slice(0, 8)}`;
}

function withDefaultNamespace(inputs: PropertyMap, token: string, config: ProviderConfig): PropertyMap {
  if (config.namespace === undefined || !isMap(inputs.metadata) || inputs.metadata.namespace) return inputs;
  const { apiVersion, kind } = typeOf(inputs, token);
  const scoped = CLUSTER_SCOPED[groupOf(apiVersion)] ?? [];
  if (scoped.includes(kind) || scoped.includes("*")) return inputs;
  return { ...inputs, metadata: { ...inputs.metadata, namespace: config.namespace } };
}
