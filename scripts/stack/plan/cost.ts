import { addressOf } from "./address";
import { type Change, protectionChange } from "./change";
import { isGate, isHostKey, isMachine, isMachinePart, isSharedGate, type Placement, type PlanNode } from "./node";
import { restartsOf } from "./restart";
import { scriptChange } from "./script-change";

/* What a plan would cost: machines, gates, keys and what holds other things. A sentence each, worst first. */

/** What happens to a machine, worst first. */
type Loss = "replaced" | "deleted" | "another server" | "leaves" | "joins again";

const LOSSES: readonly Loss[] = ["replaced", "deleted", "another server", "leaves", "joins again"];

/** The sentences about everything in a plan that can't be taken back. */
export function costsOf(
  changes: readonly Change[],
  nodes: readonly PlanNode[],
  placement: Placement,
): readonly string[] {
  const losses = new Map(
    nodes.flatMap((node) => {
      const own = changes.filter((change) => placement.get(change) === node);
      const seen = own.flatMap((change) => lossOf(change) ?? []);
      const worst = LOSSES.find((loss) => seen.includes(loss));
      return worst === undefined ? [] : [[node, worst] as const];
    }),
  );
  return [
    ...machineCosts(losses, nodes),
    ...restartsOf(changes, nodes, placement, new Set(losses.keys())),
    ...changes.filter(isGate).flatMap((change) => gateCost(change, placement.get(change), losses)),
    ...changes.flatMap((change) => keyCost(change, placement.get(change), losses)),
    ...changes.flatMap(objectCost),
  ];
}

function lossOf(change: Change): Loss | undefined {
  const { operation, step, type } = change;
  const gone = operation === "delete" || operation === "replace";
  if (isMachinePart(change) && gone) return operation === "replace" ? "replaced" : "deleted";
  if (isMachine(change) && operation === "delete" && /:AdoptedMachine$/.test(type)) return "leaves";
  if (change.within.includes("gitops-platform:kubernetes:KubernetesCluster") && /-join$/.test(change.name)) {
    if (gone) return operation === "replace" ? "joins again" : "leaves";
  }
  const [before, after] = [step.oldState?.inputs?.stdin, step.newState?.inputs?.stdin];
  if (/-prepare$/.test(change.name) && typeof before === "string" && typeof after === "string") {
    // A step runs again on what tells its machine from every other: the pinned host key.
    if (scriptChange(before, after).variables.some(({ name, from }) => name === "RERUN_ON" && from))
      return "another server";
  }
  return undefined;
}

const MACHINE_SENTENCES: Readonly<Record<Loss, string>> = {
  replaced: "is replaced: its disk is lost",
  deleted: "is deleted with its disk",
  "another server": "has another host key: it is another server, which is set up anew",
  leaves: "leaves the cluster and is reset; the server itself stays",
  "joins again": "leaves the cluster, is reset and joins again",
};

function machineCosts(losses: ReadonlyMap<PlanNode, Loss>, nodes: readonly PlanNode[]): readonly string[] {
  const controlPlanes = nodes.filter(({ role, state }) => role === "control-plane" && state !== "new");
  const lost = controlPlanes.filter((node) => losses.has(node));
  const majority = Math.floor(controlPlanes.length / 2) + 1;
  const survives = controlPlanes.length - lost.length >= majority;
  const sentences = [...losses]
    .sort(([left], [right]) => Number(lost.includes(right)) - Number(lost.includes(left)))
    .map(([node, loss]) => `${node.name} ${MACHINE_SENTENCES[loss]}; ${consequence(lost.includes(node), survives)}.`);
  if (lost.length === 0 || survives) return sentences;
  const count = `${lost.length} of ${controlPlanes.length} etcd members`;
  return [
    `The cluster's data is lost: ${count} would go, and etcd needs ${majority} to keep a majority. What is in Git comes ` +
      "back, what is only in the cluster does not (docs/runbooks/lost-cluster.md).",
    ...sentences,
  ];
}

function consequence(holdsEtcd: boolean, survives: boolean): string {
  if (!holdsEtcd) return "its pods move to other nodes";
  return survives ? "its etcd member is lost, the others keep the data" : "its etcd member is lost";
}

function gateCost(change: Change, node: PlanNode | undefined, losses: ReadonlyMap<PlanNode, Loss>): readonly string[] {
  const name = node?.name ?? change.name;
  if (change.operation === "delete" && isSharedGate(change)) return [];
  if (change.operation === "delete")
    return node && losses.has(node) ? [] : [`The disk gate of ${name} is deleted: its kept measurement is lost.`];
  if (change.operation === "replace") return [`The disk gate of ${name} is replaced: its disk is measured again.`];
  const [before, after] = [change.step.oldState?.inputs?.stdin ?? "", change.step.newState?.inputs?.stdin];
  if (typeof before !== "string" || typeof after !== "string") return [];
  const { variables } = scriptChange(before, after);
  const changed = (variable: string) => variables.find((one) => one.name === variable);
  const override = changed("OVERRIDE_REASON");
  const limit = changed("LIMIT_NS");
  return [
    ...(override?.to ? [`The disk gate of ${name} is overridden, a slow disk passes: “${override.to}”.`] : []),
    ...(limit?.from && Number(limit.to) > Number(limit.from)
      ? [`The disk gate of ${name} lets slower disks pass: ${milliseconds(limit.from)} → ${milliseconds(limit.to)}.`]
      : []),
  ];
}

function milliseconds(nanoseconds: string | undefined): string {
  return `${Number(nanoseconds) / 1_000_000} ms`;
}

function keyCost(change: Change, node: PlanNode | undefined, losses: ReadonlyMap<PlanNode, Loss>): readonly string[] {
  const { name, operation, type } = change;
  if (operation !== "delete" && operation !== "replace") return protectionCost(change, node);
  if (isHostKey(change)) {
    if (operation === "delete" && node && losses.has(node)) return [];
    return [
      `The host key of ${node?.name ?? name} is ${operation}d: whoever pinned the old one is refused a connection.`,
    ];
  }
  if (isSealingKey(change))
    return [
      `The sealing key ${name} is ${operation}d: what is sealed with it in Git can't be opened by the cluster any more; ` +
        "seal it again with a key that stays first.",
    ];
  if (!type.startsWith("random:")) return [];
  return [`The secret ${name} is ${operation}d: whoever uses its old value is refused.`];
}

/** A key that is not protected any more goes with the next update that takes it away, without another word. */
function protectionCost(change: Change, node: PlanNode | undefined): readonly string[] {
  if (change.component || protectionChange(change.step) !== "off") return [];
  const what = isHostKey(change)
    ? `The host key of ${node?.name ?? change.name}`
    : `${isSealingKey(change) ? "The sealing key " : ""}${change.name}`;
  return [`${what} is not protected any more: an update may delete or replace it.`];
}

function isSealingKey({ within, type }: Change): boolean {
  return within.at(-1) === "gitops-platform:gitops:SealedSecrets" && type === "kubernetes:core/v1:Secret";
}

/** What takes other things away with it. */
function objectCost({ name, operation, type, step }: Change): readonly string[] {
  if (operation !== "delete" && operation !== "replace") return [];
  const verb = `is ${operation}d`;
  const kind = addressOf(step.urn).type.split(":").at(-1);
  if (type.startsWith("pulumi:providers:kubernetes"))
    return [`The connection to the cluster (${name}) ${verb}: every object of the stack in it is made anew.`];
  if (kind === "Namespace") return [`The namespace ${name} ${verb}: everything in it goes.`];
  if (kind === "CustomResourceDefinition") return [`The definition ${name} ${verb}: every object of its kind goes.`];
  if (kind === "Application") return [`The root application ${name} ${verb}: what it deployed may be pruned.`];
  return [];
}
