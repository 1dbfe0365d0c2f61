import { setTimeout as sleep } from "node:timers/promises";
import { isMap, type JsonObject, type PropertyMap } from "../../protocol/property-value";
import { ApiError, ConnectionError } from "../api-error";
import { condition, describe, keyIn, lookup, pulumiAnnotation, text, typeIn } from "../kube-object";
import type { ObjectStore } from "../object-store";
import { builtInRule } from "./rules";
import type { ReadinessRule, Verdict } from "./verdict";
import { parseWaitFor } from "./wait-for";
import { podTrouble } from "./workloads";

/** The official plugin's default. */
const DEFAULT_TIMEOUT_SECONDS = 600;
const POLL_MS = 500;
const SLOW_POLL_MS = 1000;
/** After this long a wait is a long one, and asks less often. */
const SLOW_AFTER_MS = 20_000;
/** Kinds whose unready pods explain why they aren't ready. */
const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"];
const MAX_PODS_SHOWN = 5;

export interface Wait {
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
  /** From `customTimeouts`; the annotation `pulumi.com/timeoutSeconds` comes next. @default 600 */
  readonly timeoutSeconds: number | undefined;
  /** Called with the present state whenever it changes. */
  readonly onProgress: (state: string) => void;
}

/** The object exists, but didn't get ready. */
export class NotReadyError extends Error {
  constructor(
    /** The object as it was last seen. */
    readonly live: JsonObject,
    message: string,
  ) {
    super(message);
  }
}

/** The rule that holds for an object, by its annotations or its kind; `undefined` when it is ready once it exists. */
export function readinessRule(live: JsonObject, inputs: PropertyMap): ReadinessRule | undefined {
  if (pulumiAnnotation(inputs, "skipAwait") === "true") return undefined;
  const waitFor = pulumiAnnotation(inputs, "waitFor");
  return waitFor === undefined ? builtInRule(live) : parseWaitFor(waitFor);
}

/** Seconds that an operation on the object may take. */
export function timeoutFor(requested: number | undefined, inputs: PropertyMap): number {
  const annotated = Number(pulumiAnnotation(inputs, "timeoutSeconds"));
  return requested ?? (Number.isFinite(annotated) && annotated > 0 ? annotated : DEFAULT_TIMEOUT_SECONDS);
}

/** Waits until the object is ready and returns it as it is then. Throws NotReadyError, or the reason of an interruption. */
export async function awaitReady(created: JsonObject, inputs: PropertyMap, wait: Wait): Promise<JsonObject> {
  const rule = readinessRule(created, inputs);
  if (rule === undefined) return created;
  const timeoutSeconds = timeoutFor(wait.timeoutSeconds, inputs);
  const start = Date.now();
  let live = created;
  let shown = "";
  for (;;) {
    const verdict = await judge(rule, live, wait);
    if (verdict.ready) return live;
    if (verdict.state !== shown) wait.onProgress((shown = verdict.state));
    const elapsed = Date.now() - start;
    if (verdict.hopeless || elapsed > timeoutSeconds * 1000) {
      const after = verdict.hopeless ? `${Math.round(elapsed / 1000)} s` : `${timeoutSeconds} s, the limit`;
      throw new NotReadyError(live, await explain(live, verdict.state, after, wait));
    }
    await pause(elapsed, live, shown, wait);
    live = await refresh(live, wait);
  }
}

async function judge(rule: ReadinessRule, live: JsonObject, wait: Wait): Promise<Verdict> {
  try {
    return await rule(live, wait);
  } catch (error) {
    if (isPassing(error)) return { ready: false, state: error.message };
    throw error;
  }
}

/** The object as it is now; as it was, while the API server can't tell. */
async function refresh(live: JsonObject, { store, signal }: Wait): Promise<JsonObject> {
  try {
    return await store.get(typeIn(live), keyIn(live), signal);
  } catch (error) {
    if (error instanceof ApiError && error.notFound) {
      throw new NotReadyError(
        live,
        `${describe(live)} — was deleted by someone while it was being waited for — run again`,
      );
    }
    if (isPassing(error)) return live;
    throw error;
  }
}

async function pause(elapsedMs: number, live: JsonObject, state: string, { signal }: Wait): Promise<void> {
  try {
    await sleep(elapsedMs > SLOW_AFTER_MS ? SLOW_POLL_MS : POLL_MS, undefined, { signal });
  } catch {
    throw new NotReadyError(live, `${describe(live)} — interrupted while waiting (${state}) — run again to continue`);
  }
}

function isPassing(error: unknown): error is Error {
  return error instanceof ConnectionError || (error instanceof ApiError && error.transient);
}

async function explain(live: JsonObject, state: string, after: string, wait: Wait): Promise<string> {
  const kind = (text(live, "kind") ?? "").toLowerCase();
  const namespace = text(live, "metadata", "namespace");
  const name = text(live, "metadata", "name") ?? "";
  const target = namespace === undefined ? "" : `-n ${namespace} `;
  const pods = await unreadyPods(live, wait);
  const logs = WORKLOADS.includes(text(live, "kind") ?? "")
    ? `kubectl ${target}logs ${kind}/${name} --all-containers`
    : `kubectl ${target}get events`;
  return (
    `${describe(live)} — not ready after ${after}: ${state}` +
    pods.map((pod) => `\n  pod ${pod}`).join("") +
    `\n  see: kubectl ${target}describe ${kind} ${name}\n       ${logs}`
  );
}

/** The pods of a workload that aren't ready, with the reason of each. Best effort: the wait has failed already. */
async function unreadyPods(live: JsonObject, { store }: Wait): Promise<string[]> {
  const labels = lookup(live, "spec", "selector", "matchLabels");
  const namespace = text(live, "metadata", "namespace");
  if (!WORKLOADS.includes(text(live, "kind") ?? "") || !isMap(labels) || namespace === undefined) return [];
  const selector = Object.keys(labels).map((key) => `${key}=${text(labels, key) ?? ""}`);
  try {
    const pods = await store.select({ apiVersion: "v1", kind: "Pod" }, namespace, selector.join(","));
    const unready = pods.filter((pod) => !ready(pod));
    return unready.slice(0, MAX_PODS_SHOWN).map((pod) => `${text(pod, "metadata", "name") ?? ""}: ${podTrouble(pod)}`);
  } catch {
    return []; // the cluster doesn't answer, which the state above says
  }
}

function ready(pod: JsonObject): boolean {
  return text(condition(pod, "Ready"), "status") === "True";
}
