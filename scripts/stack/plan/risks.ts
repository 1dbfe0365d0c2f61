import { TOKENS } from "../../../components/tokens";
import { type Change, protectionChange } from "./change";
import type { PlanModel, PlanNode } from "./node";
import { refusalsOf, restartsOf } from "./restart";
import { rolloutsOf } from "./rollouts";
import { turnsOf } from "./turns";

/* What a plan can't take back: machines, gates, keys, and resources that hold others. A sentence each, the worst first. */

/** What happens to a machine, the worst first. */
type Loss = "replaced" | "deleted" | "another server" | "leaves" | "joins again";

const LOSSES: readonly Loss[] = ["replaced", "deleted", "another server", "leaves", "joins again"];

type Losses = ReadonlyMap<PlanNode, Loss>;

/** The sentences about everything in a plan that can't be taken back. */
export function risksOf(changes: readonly Change[], model: PlanModel): readonly string[] {
  const losses = lossesOf(changes, model);
  const lost = new Set(losses.keys());
  return [
    ...unplaced(changes, model),
    ...machineRisks(losses, orderlyLeaving(model, losses), model.nodes),
    ...refusalsOf(model, lost),
    ...turnsOf(changes, model, restartsOf(model, lost)),
    ...rolloutsOf(changes),
    ...changes.flatMap((change) => gateRisk(change, model, losses)),
    ...changes.flatMap(openRisk),
    ...changes.flatMap((change) => keyRisk(change, model.nodeOf(change.step.urn), losses)),
    ...changes.flatMap(objectRisk),
  ];
}

function isGone({ operation }: Change): boolean {
  return operation === "delete" || operation === "replace";
}

/** Steps of a state that an older version made: nothing here can name the machine that goes with them. */
function unplaced(changes: readonly Change[], { before, stepOf }: PlanModel): readonly string[] {
  const names = changes
    .filter(({ owner = "", step }) => before.silent.includes(owner) && !stepOf(step.urn))
    .filter(isGone)
    .map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    `An older version made the state, which doesn't say which node these steps are for: ${names.join(", ")}. This list ` +
      "leaves out what is lost with them; run an update that removes nothing first, and look again.",
  ];
}

function lossesOf(changes: readonly Change[], model: PlanModel): Losses {
  return new Map(
    model.nodes.flatMap((node) => {
      const own = changes.filter(({ step }) => model.nodeOf(step.urn) === node);
      const seen = own.flatMap((change) => lossOf(change, model) ?? []);
      const worst = LOSSES.find((loss) => seen.includes(loss));
      return worst === undefined ? [] : [[node, worst] as const];
    }),
  );
}

function lossOf(change: Change, { stepOf }: PlanModel): Loss | undefined {
  const { operation, step, type } = change;
  const kind = stepOf(step.urn)?.step;
  if (kind === "machine" && isGone(change)) return operation === "replace" ? "replaced" : "deleted";
  if (kind === "join" && isGone(change)) return operation === "replace" ? "joins again" : "leaves";
  if (type !== TOKENS.adoptedMachine) return undefined;
  if (operation === "delete") return "leaves";
  const [before, after] = [step.oldState?.inputs?.hostKey, step.newState?.inputs?.hostKey];
  return before !== undefined && after !== undefined && before !== after ? "another server" : undefined;
}

/**
 * Nodes that leave one after the other: the undo of a node's membership drains it and takes its member out of etcd while
 * the others keep a majority. One control plane has to stay.
 */
function orderlyLeaving({ nodes }: PlanModel, losses: Losses): ReadonlySet<PlanNode> {
  const stays = (node: PlanNode): boolean =>
    node.role === "control-plane" && node.state !== "new" && node.state !== "leaving" && !losses.has(node);
  if (!nodes.some(stays)) return new Set();
  return new Set(nodes.filter(({ state }) => state === "leaving"));
}

const MACHINE_SENTENCES: Readonly<Record<Loss, string>> = {
  replaced: "is replaced: its disk is lost",
  deleted: "is deleted with its disk",
  "another server": "has another host key: it is another server, which is set up anew",
  leaves: "leaves the cluster and is reset; the server itself stays",
  "joins again": "leaves the cluster, is reset and joins again",
};

function machineRisks(losses: Losses, leaving: ReadonlySet<PlanNode>, nodes: readonly PlanNode[]): readonly string[] {
  const members = nodes.filter(({ role, state }) => role === "control-plane" && state !== "new");
  const lost = members.filter((node) => losses.has(node) && !leaving.has(node));
  const majority = majorityOf(members.length);
  const left = members.length - lost.length;
  // Members that leave take the majority's size down with them.
  const orderly = members.filter((node) => leaving.has(node)).length;
  const survives = left >= majority && left - orderly >= majorityOf(members.length - orderly);
  const sentences = [...losses]
    .sort(([one], [other]) => Number(members.includes(other)) - Number(members.includes(one)))
    .map(([node, loss]) => {
      const fate = !members.includes(node) ? "worker" : leaving.has(node) ? "leaves" : survives ? "spared" : "lost";
      return `${node.name} ${MACHINE_SENTENCES[loss]}; ${CONSEQUENCES[fate]}.`;
    });
  if (lost.length === 0 || survives) return sentences;
  const count = `${lost.length} of ${members.length} etcd members`;
  return [
    `The cluster's data is lost: ${count} would go, and etcd needs ${majority} to keep a majority. What is in Git comes ` +
      "back, what is only in the cluster does not (docs/runbooks/lost-cluster.md).",
    ...sentences,
  ];
}

function majorityOf(members: number): number {
  return Math.floor(members / 2) + 1;
}

const CONSEQUENCES = {
  worker: "its pods move to other nodes",
  leaves: "its etcd member leaves the others first, which keep the data",
  spared: "its etcd member is lost, the others keep the data",
  lost: "its etcd member is lost",
} as const;

function gateRisk(change: Change, model: PlanModel, losses: Losses): readonly string[] {
  const { operation, step, type } = change;
  if (type === TOKENS.diskGate && operation === "update") return limitRisk(change);
  // The measurement together with other guests comes and goes with them.
  if (model.stepOf(step.urn)?.step !== "disk-gate") return [];
  const node = model.nodeOf(step.urn);
  const name = node?.name ?? change.name;
  if (operation === "replace") return [`The disk gate of ${name} is replaced: its disk is measured again.`];
  if (operation !== "delete" || (node && losses.has(node))) return [];
  return [`The disk gate of ${name} is deleted: its kept measurement is lost.`];
}

function limitRisk({ step: { newState, oldState } }: Change): readonly string[] {
  const [before = {}, after = {}] = [oldState?.inputs, newState?.inputs];
  const { limitMs: from } = before;
  const { limitMs: to, override } = after;
  return [
    ...(typeof override === "string" && override !== "" && override !== before["override"]
      ? [`The disk gate is overridden, a slow disk passes: “${override}”.`]
      : []),
    ...(typeof from === "number" && typeof to === "number" && to > from
      ? [`The disk gate lets slower disks pass: ${from} ms → ${to} ms.`]
      : []),
  ];
}

function openRisk({ step: { newState, oldState }, type }: Change): readonly string[] {
  if (type !== TOKENS.kubernetesCluster) return [];
  const sentences = { firewall: "The nodes have no firewall", hardening: "The cluster is not hardened" };
  return Object.entries(sentences).flatMap(([fact, sentence]) => {
    const [before, after] = [oldState, newState].map(
      (state) => (state?.inputs?.[fact] as { off?: string } | undefined)?.off,
    );
    return after === undefined || after === before ? [] : [`${sentence}: “${after}”.`];
  });
}

function keyRisk(change: Change, node: PlanNode | undefined, losses: Losses): readonly string[] {
  const { name, operation, type } = change;
  if (!isGone(change)) return protectionRisk(change, node);
  if (isHostKey(change)) {
    if (operation === "delete" && node && losses.has(node)) return [];
    return [
      `The host key of ${node?.name ?? name} is ${operation}d: a client that pinned the old one refuses to connect.`,
    ];
  }
  if (isSealingKey(change))
    return [
      `The sealing key ${name} is ${operation}d: what is sealed with it in Git can't be opened by the cluster any more; ` +
        "seal it again with a key that stays first.",
    ];
  if (!type.startsWith("random:")) return [];
  return [`The secret ${name} is ${operation}d: its old value is refused.`];
}

/** An update may delete or replace a key that is not protected, and prints no more than for any other resource. */
function protectionRisk(change: Change, node: PlanNode | undefined): readonly string[] {
  if (change.component || protectionChange(change.step) !== "off") return [];
  const what = isHostKey(change)
    ? `The host key of ${node?.name ?? change.name}`
    : `${isSealingKey(change) ? "The sealing key " : ""}${change.name}`;
  return [`${what} is not protected any more: an update may delete or replace it.`];
}

/** What a machine's host key is made from. */
function isHostKey({ component, within }: Change): boolean {
  return !component && within.includes(TOKENS.hostKey);
}

function isSealingKey({ type, within }: Change): boolean {
  return within.at(-1) === TOKENS.sealedSecrets && type === "kubernetes:core/v1:Secret";
}

/** What takes other things away with it. */
function objectRisk(change: Change): readonly string[] {
  const { name, operation, type } = change;
  if (!isGone(change)) return [];
  const verb = `is ${operation}d`;
  const kind = type.split(":").at(-1);
  if (type.startsWith("pulumi:providers:kubernetes"))
    return [`The connection to the cluster (${name}) ${verb}: every object of the stack in it is made anew.`];
  if (kind === "Namespace") return [`The namespace ${name} ${verb}: everything in it goes.`];
  if (kind === "CustomResourceDefinition") return [`The definition ${name} ${verb}: every object of its kind goes.`];
  if (kind === "Application") return [`The root application ${name} ${verb}: what it deployed may be pruned.`];
  return [];
}
