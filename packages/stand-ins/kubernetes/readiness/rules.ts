import { isMap, type JsonObject, sameValue } from "../../protocol/property-value";
import { condition, groupOf, keyIn, list, lookup, text, typeIn } from "../kube-object";
import { type ReadinessRule, READY, type RuleContext, type Verdict, waiting } from "./verdict";
import {
  daemonSetReady,
  deploymentReady,
  jobReady,
  podReady,
  replicationControllerReady,
  statefulSetReady,
} from "./workloads";

/** Built-in rules by group and kind. Kinds that aren't here are ready once they exist. */
const RULES: Readonly<Record<string, ReadinessRule>> = {
  "apps/DaemonSet": daemonSetReady,
  "apps/Deployment": deploymentReady,
  "apps/StatefulSet": statefulSetReady,
  "batch/Job": jobReady,
  "apiextensions.k8s.io/CustomResourceDefinition": definitionReady,
  "networking.k8s.io/Ingress": ingressReady,
  "/PersistentVolume": volumeReady,
  "/PersistentVolumeClaim": claimReady,
  "/Pod": podReady,
  "/ReplicationController": replicationControllerReady,
  "/ResourceQuota": quotaReady,
  "/Secret": secretReady,
  "/Service": serviceReady,
};

/** The rule for an object's kind, if it has one. */
export function builtInRule(object: JsonObject): ReadinessRule | undefined {
  const { apiVersion, kind } = typeIn(object);
  return RULES[`${groupOf(apiVersion)}/${kind}`];
}

function definitionReady(object: JsonObject): Verdict {
  const names = condition(object, "NamesAccepted");
  if (text(names, "status") === "False") return waiting(`names not accepted: ${text(names, "message") ?? ""}`);
  return text(condition(object, "Established"), "status") === "True" ? READY : waiting("not established yet");
}

function volumeReady(object: JsonObject): Verdict {
  const phase = text(object, "status", "phase") ?? "Pending";
  return phase === "Available" || phase === "Bound" ? READY : waiting(`phase ${phase}`);
}

async function claimReady(object: JsonObject, { store, signal }: RuleContext): Promise<Verdict> {
  const phase = text(object, "status", "phase") ?? "Pending";
  if (phase === "Bound") return READY;
  const className = text(object, "spec", "storageClassName");
  if (phase === "Pending" && className) {
    const storageClass = await store.find(
      { apiVersion: "storage.k8s.io/v1", kind: "StorageClass" },
      { name: className },
      signal,
    );
    // Such a claim is bound by the first pod that uses it, which may be created later.
    if (text(storageClass, "volumeBindingMode") === "WaitForFirstConsumer") return READY;
  }
  return waiting(`phase ${phase}`);
}

function quotaReady(object: JsonObject): Verdict {
  return sameValue(lookup(object, "spec", "hard") ?? {}, lookup(object, "status", "hard") ?? {})
    ? READY
    : waiting("not counted yet");
}

/** A token is filled in by a controller; other Secrets are complete as they are. */
function secretReady(object: JsonObject): Verdict {
  if (text(object, "type") !== "kubernetes.io/service-account-token") return READY;
  const data = lookup(object, "data");
  return isMap(data) && Object.keys(data).length > 0 ? READY : waiting("the token is not issued yet");
}

async function serviceReady(object: JsonObject, context: RuleContext): Promise<Verdict> {
  const type = text(object, "spec", "type") ?? "ClusterIP";
  if (type === "ExternalName") return READY;
  if (type === "LoadBalancer" && list(object, "status", "loadBalancer", "ingress").length === 0) {
    return waiting("no load balancer address yet");
  }
  const selector = lookup(object, "spec", "selector");
  const headless = text(object, "spec", "clusterIP") === "None";
  if (headless || !isMap(selector) || Object.keys(selector).length === 0) return READY;
  return endpointsReady(object, context);
}

async function endpointsReady(service: JsonObject, { store, signal }: RuleContext): Promise<Verdict> {
  const endpoints = await store.find({ apiVersion: "v1", kind: "Endpoints" }, keyIn(service), signal);
  const subsets = list(endpoints, "subsets");
  const ready = subsets.flatMap((subset) => list(subset, "addresses"));
  const pending = subsets.flatMap((subset) => list(subset, "notReadyAddresses"));
  if (pending.length > 0) return waiting(`${ready.length} of ${ready.length + pending.length} endpoints ready`);
  return ready.length > 0 ? READY : waiting("no ready pod matches its selector");
}

function ingressReady(object: JsonObject): Verdict {
  return list(object, "status", "loadBalancer", "ingress").length > 0 ? READY : waiting("no address yet");
}
