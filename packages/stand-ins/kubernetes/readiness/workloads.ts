import type { JsonObject } from "../../protocol/property-value";
import { condition, count, list, lookup, text } from "../kube-object";
import { hopeless, READY, type Verdict, waiting } from "./verdict";

/** Readiness of what runs pods. A status counts only once the controller has seen the newest spec. */

export function deploymentReady(object: JsonObject): Verdict {
  if (!observed(object)) return waiting("the controller has not seen the change yet");
  const wanted = count(object, 1, "spec", "replicas");
  const updated = count(object, 0, "status", "updatedReplicas");
  const total = count(object, 0, "status", "replicas");
  const available = count(object, 0, "status", "availableReplicas");
  if (updated < wanted) return waiting(`${updated} of ${wanted} replicas updated`);
  if (total > updated) return waiting(`${total - updated} old replicas still there`);
  if (available < wanted) return waiting(`${available} of ${wanted} replicas available${stuck(object)}`);
  return READY;
}

export function statefulSetReady(object: JsonObject): Verdict {
  if (!observed(object)) return waiting("the controller has not seen the change yet");
  const wanted = count(object, 1, "spec", "replicas");
  const ready = count(object, 0, "status", "readyReplicas");
  const updated = count(object, 0, "status", "updatedReplicas");
  if (ready < wanted) return waiting(`${ready} of ${wanted} replicas ready`);
  if (text(object, "spec", "updateStrategy", "type") === "OnDelete") return READY;
  const kept = count(object, 0, "spec", "updateStrategy", "rollingUpdate", "partition");
  if (updated < wanted - kept) return waiting(`${updated} of ${wanted - kept} replicas updated`);
  const revisionsAgree = text(object, "status", "updateRevision") === text(object, "status", "currentRevision");
  return revisionsAgree || kept > 0 ? READY : waiting("the rolling update is not finished");
}

export function daemonSetReady(object: JsonObject): Verdict {
  if (!observed(object)) return waiting("the controller has not seen the change yet");
  const wanted = count(object, 0, "status", "desiredNumberScheduled");
  const available = count(object, 0, "status", "numberAvailable");
  const onDelete = text(object, "spec", "updateStrategy", "type") === "OnDelete";
  const updated = onDelete ? wanted : count(object, 0, "status", "updatedNumberScheduled");
  if (updated < wanted) return waiting(`${updated} of ${wanted} nodes updated`);
  return available < wanted ? waiting(`available on ${available} of ${wanted} nodes`) : READY;
}

export function replicationControllerReady(object: JsonObject): Verdict {
  const wanted = count(object, 1, "spec", "replicas");
  const available = count(object, 0, "status", "availableReplicas");
  return available < wanted ? waiting(`${available} of ${wanted} replicas available`) : READY;
}

export function jobReady(object: JsonObject): Verdict {
  if (text(condition(object, "Complete"), "status") === "True") return READY;
  const failed = condition(object, "Failed");
  if (text(failed, "status") === "True") {
    return hopeless(`the job failed: ${text(failed, "reason") ?? "no reason given"}: ${text(failed, "message") ?? ""}`);
  }
  const succeeded = count(object, 0, "status", "succeeded");
  const failures = count(object, 0, "status", "failed");
  return waiting(`${succeeded} of ${count(object, 1, "spec", "completions")} completed, ${failures} failed`);
}

export function podReady(object: JsonObject): Verdict {
  const phase = text(object, "status", "phase") ?? "Pending";
  if (phase === "Succeeded" || text(condition(object, "Ready"), "status") === "True") return READY;
  if (phase === "Failed") return hopeless(`the pod failed: ${podTrouble(object)}`);
  return waiting(podTrouble(object));
}

/** Why a pod isn't ready, in a few words. */
export function podTrouble(pod: JsonObject): string {
  const scheduled = condition(pod, "PodScheduled");
  if (text(scheduled, "status") === "False") return `unschedulable: ${text(scheduled, "message") ?? ""}`;
  const statuses = [...list(pod, "status", "initContainerStatuses"), ...list(pod, "status", "containerStatuses")];
  const troubles = statuses.flatMap((status) => {
    const name = text(status, "name") ?? "container";
    const paused = lookup(status, "state", "waiting");
    if (paused !== undefined)
      return [`${name}: ${text(paused, "reason") ?? "waiting"} ${text(paused, "message") ?? ""}`.trim()];
    const ended = lookup(status, "state", "terminated");
    if (ended === undefined) return lookup(status, "ready") === false ? [`${name}: running, not ready`] : [];
    const code = count(ended, 0, "exitCode");
    return code === 0 ? [] : [`${name}: exited with ${code} (${text(ended, "reason") ?? "no reason"})`];
  });
  return troubles.length > 0
    ? troubles.join("; ")
    : (text(pod, "status", "reason") ?? `phase ${text(pod, "status", "phase") ?? "Pending"}`);
}

function observed(object: JsonObject): boolean {
  return count(object, 0, "status", "observedGeneration") >= count(object, 0, "metadata", "generation");
}

function stuck(object: JsonObject): string {
  const progressing = condition(object, "Progressing");
  return text(progressing, "reason") === "ProgressDeadlineExceeded"
    ? ` (${text(progressing, "message") ?? "no progress"})`
    : "";
}
