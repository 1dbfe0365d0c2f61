import { TOKENS } from "../../../components/tokens";
import type { Change } from "./change";
import type { PlanModel, PlanNode } from "./node";
import type { Restarts } from "./restart";

/* In which order members of a cluster are drained and changed, and for how long each is away. */

/** How long a new Kubernetes takes on two quiet cores, without the time that pods take to leave (docs/guides/upgrading.md). */
export const UPGRADE_SECONDS = { "control-plane": 60, worker: 20 } as const;
/** How long a node is away while its machine restarts. A guest boots a kernel. */
const RESTART_SECONDS = { "control-plane": 30, worker: 15 } as const;
const GUEST_BOOT_SECONDS = 30;

/** What a plan does to nodes in their turns. */
interface Turns {
  readonly upgrading: ReadonlySet<PlanNode>;
  readonly restarting: ReadonlySet<PlanNode>;
}

/** The sentences about nodes that have a turn in this plan: an upgrade, a restart, or a change that may restart something. */
export function turnsOf(
  changes: readonly Change[],
  model: PlanModel,
  { certain, possible }: Restarts,
): readonly string[] {
  const touched = changes
    .filter(({ operation, step }) => operation === "update" && model.stepOf(step.urn)?.step === "activation")
    .map(({ step }) => model.nodeOf(step.urn));
  const turning = model.nodes.filter((node) => touched.includes(node));
  const [from, to] = [model.before.cluster, model.after.cluster].map((cluster) => cluster?.settings["version"]);
  const isUpgrade = turning.length > 0 && typeof from === "string" && typeof to === "string" && from !== to;
  const turns = { upgrading: new Set(isUpgrade ? turning : []), restarting: new Set(certain) };
  const others = turning.filter((node) => !turns.upgrading.has(node) && !turns.restarting.has(node));
  const patience = Number(model.after.cluster?.settings["drainTimeoutSeconds"] ?? 0);
  const drained = `drained first, for at most ${patience} s, and a budget that keeps a pod longer stops the update there`;
  const how = isUpgrade ? ", the turn of the upgrade." : `; each node is ${drained}.`;
  return [
    ...(isUpgrade ? [`Kubernetes becomes ${to} (was ${from}), node by node; each is ${drained}.`] : []),
    ...(certain.length > 0
      ? [
          `For other memory, processors or devices these machines restart, each in its node's turn: ${namesOf(certain)}${how}`,
        ]
      : []),
    ...order(turns, model),
    ...soleNode(turns, model),
    ...(possible.length > 0
      ? [
          `Whether these machines restart is known only during the update: ${namesOf(possible)}. One that does is drained ` +
            "first, in its node's turn.",
        ]
      : []),
    ...(others.length > 0
      ? [
          `What containerd or the kubelet would restart for is staged, and taken over one node at a time, drained: ${namesOf(others)}. ` +
            "A node for which it changes nothing is not touched.",
        ]
      : []),
    ...renewalOf(turning, model),
    ...endpointOf(turning, model),
    ...hardeningOf(model),
  ];
}

/** The sentences about a living cluster that gets hardened. */
function hardeningOf({ after, before, nodes }: PlanModel): readonly string[] {
  const [was, is] = [before.cluster, after.cluster].map((cluster) => cluster?.settings["hardening"]);
  if (!before.cluster || is !== "cis" || was === is) return [];
  const controlPlanes = nodes.filter(({ role, state }) => role === "control-plane" && state === "kept");
  return [
    `The cluster is hardened: ${namesOf(controlPlanes)}, one after the other. API server, controller manager and scheduler of each ` +
      "restart, one at a time; each node's kubelet restarts in its turn. No pod is drained for it.",
    "Once every control plane has the key, all Secrets in etcd are written again, encrypted. That can't be taken back.",
    "New pods have to meet the Pod Security level baseline where their namespace's labels allow nothing else, kube-system excepted: " +
      "one that doesn't is refused when it is made again.",
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

/** The sentence about an endpoint that the API's certificate is not for yet. */
function endpointOf(nodes: readonly PlanNode[], { after, before }: PlanModel): readonly string[] {
  const [was, name] = [before.cluster, after.cluster].map((cluster) => cluster?.settings["endpointName"] ?? "");
  if (typeof name !== "string" || name === "" || name === was) return [];
  const controlPlanes = nodes.filter(({ role }) => role === "control-plane");
  return [
    `The API's certificate is issued for ${name} too: ${namesOf(controlPlanes)}, one after the other. Nothing restarts. ` +
      "The operator's kubeconfig has that name afterwards.",
  ];
}

function order(turns: Turns, model: PlanModel): readonly string[] {
  const nodes = model.nodes.filter((node) => turns.upgrading.has(node) || turns.restarting.has(node));
  const controlPlanes = nodes.filter(({ role }) => role === "control-plane");
  const workers = nodes.filter(({ role }) => role === "worker");
  const lanes = Number(model.after.cluster?.settings["maxUnavailable"] ?? 1);
  return [
    ...(controlPlanes.length === 0
      ? []
      : [
          `Control planes, one after the other: ${namesOf(controlPlanes)}; ${price(controlPlanes, 1, turns)}, ` +
            `${apiOf(turns, model)}.`,
        ]),
    ...(workers.length === 0
      ? []
      : [`Workers, ${lanes === 1 ? "one" : lanes} at a time: ${namesOf(workers)}; ${price(workers, lanes, turns)}.`]),
  ];
}

function apiOf({ restarting }: Turns, { nodes }: PlanModel): string {
  const [only, second] = nodes.filter(({ role, state }) => role === "control-plane" && state === "kept");
  if (second || !only) return "the API of the others answers meanwhile";
  return restarting.has(only) ? "the API is away as long" : "the API is away while its server restarts";
}

function price(nodes: readonly PlanNode[], lanes: number, turns: Turns): string {
  const seconds = Math.max(...nodes.map((node) => secondsOf(node, turns)));
  const rounds = Math.ceil(nodes.length / lanes);
  return `each away for about ${seconds} s${rounds > 1 ? `, ${Math.ceil((rounds * seconds) / 60)} min in all` : ""}`;
}

function secondsOf(node: PlanNode, { restarting, upgrading }: Turns): number {
  const boot = node.after?.type === TOKENS.libvirtMachine ? GUEST_BOOT_SECONDS : 0;
  return (
    (upgrading.has(node) ? UPGRADE_SECONDS[node.role] : 0) +
    (restarting.has(node) ? RESTART_SECONDS[node.role] + boot : 0)
  );
}

/** Where no other node takes pods there is nowhere to evict them to. */
function soleNode(turns: Turns, { after, nodes }: PlanModel): readonly string[] {
  const workers = after.nodes.filter(({ role }) => role === "worker");
  const takers = workers.length > 0 ? workers : after.nodes;
  const sole = takers.length === 1 ? nodes.find(({ name }) => name === takers[0]?.name) : undefined;
  if (!sole || !(turns.upgrading.has(sole) || turns.restarting.has(sole))) return [];
  const fate = turns.restarting.has(sole)
    ? `and are away with it for about ${secondsOf(sole, turns)} s`
    : "and run on while its kubelet restarts";
  return [`${sole.name} is the only node that takes pods: they are not evicted, ${fate}.`];
}

function namesOf(nodes: readonly PlanNode[]): string {
  return nodes.map(({ name }) => name).join(", ");
}
