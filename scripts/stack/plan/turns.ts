import type { Change } from "./change";
import type { PlanModel, PlanNode } from "./node";

/* In which order members of a cluster are drained and changed, and for how long each is away. */

/** How long one turn of a node takes on two quiet cores, without the time that its pods take to leave (docs/guides/upgrading.md). */
const SECONDS = { "control-plane": 60, worker: 20 } as const;

/** The sentences about nodes that have a turn in this plan: an upgrade, or a change that may restart something of them. */
export function turnsOf(changes: readonly Change[], model: PlanModel): readonly string[] {
  const turning = changes
    .filter(({ operation, step }) => operation === "update" && model.stepOf(step.urn)?.step === "activation")
    .map(({ step }) => model.nodeOf(step.urn));
  const nodes = model.nodes.filter((node) => turning.includes(node));
  if (nodes.length === 0) return [];
  const [from, to] = [model.before.cluster, model.after.cluster].map((cluster) => cluster?.settings["version"]);
  const renewal = renewalOf(nodes, model);
  const parallel = Number(model.after.cluster?.settings["maxUnavailable"] ?? 1);
  const patience = Number(model.after.cluster?.settings["drainTimeoutSeconds"] ?? 0);
  if (typeof from !== "string" || typeof to !== "string" || from === to) {
    return [
      ...renewal,
      `What containerd or the kubelet would restart for is staged, and taken over one node at a time, drained: ${namesOf(nodes)}. ` +
        "A node for which it changes nothing is not touched.",
    ];
  }
  const [controlPlanes, workers] = (["control-plane", "worker"] as const).map((role) =>
    nodes.filter((node) => node.role === role),
  );
  return [
    `Kubernetes becomes ${to} (was ${from}), node by node; each is drained first, for at most ${patience} s, and a budget ` +
      "that keeps a pod longer stops the update there.",
    ...order(controlPlanes ?? [], 1),
    ...order(workers ?? [], parallel),
    ...renewal,
  ];
}

/** The sentence about certificates that are renewed because of their age. */
function renewalOf(nodes: readonly PlanNode[], { after, before }: PlanModel): readonly string[] {
  const [was, ending] = [before.cluster, after.cluster].map((cluster) => cluster?.settings["renewed"] ?? "");
  if (typeof ending !== "string" || ending === "" || ending === was) return [];
  const controlPlanes = nodes.filter(({ role }) => role === "control-plane");
  return [
    `Certificates that end on ${ending.slice(0, 10)} or before are renewed: ${namesOf(controlPlanes)}, one after the other. No pod is ` +
      "drained; etcd, API server, controller manager and scheduler of each restart, one at a time.",
  ];
}

function order(nodes: readonly PlanNode[], parallel: number): readonly string[] {
  const [first] = nodes;
  if (!first) return [];
  const seconds = SECONDS[first.role];
  const rounds = Math.ceil(nodes.length / parallel);
  const total = rounds > 1 ? `, ${Math.ceil((rounds * seconds) / 60)} min in all` : "";
  const each = `each away for about ${seconds} s${total}`;
  if (first.role === "worker")
    return [`Workers, ${parallel === 1 ? "one" : parallel} at a time: ${namesOf(nodes)}; ${each}.`];
  const api =
    nodes.length === 1 ? "the API is away while its server restarts" : "the API of the others answers meanwhile";
  return [`Control planes, one after the other: ${namesOf(nodes)}; ${each}, ${api}.`];
}

function namesOf(nodes: readonly PlanNode[]): string {
  return nodes.map(({ name }) => name).join(", ");
}
