import { TOKENS } from "../../../components/tokens";
import { compareNames, type StackNode } from "../../lib/stack-model";
import type { Change } from "./change";
import type { PlanModel, PlanNode } from "./node";

/* What a plan does to guests that it keeps. Some settings restart a running guest, others are refused by its script. */

/** Part of the domain's definition, which a running guest keeps until it is started again (components/machines/domain-xml.ts). */
const RESTART = ["vcpus", "memoryMiB", "cpuModel", "io", "preallocation"];
/** Only a guest that is made anew can have others (scripts/remote/hypervisor/create-guest.sh). */
const REFUSED: Readonly<Record<string, string>> = { address: "address", mac: "MAC address" };

/**
 * The sentences about guests that are shut down, the worst first.
 *
 * @param lost machines that the plan removes or sets up anew; other sentences are about those
 */
export function restartsOf(
  changes: readonly Change[],
  model: PlanModel,
  lost: ReadonlySet<PlanNode>,
): readonly string[] {
  const guests = model.nodes.flatMap((node) => {
    const { after, before } = node;
    if (lost.has(node) || !before || after?.type !== TOKENS.libvirtMachine) return [];
    return [{ node, before, after, changed: changedSettings(before, after) }];
  });
  const moved = guests.filter(({ changed }) => changed.includes("hypervisor"));
  const refused = guests.flatMap(({ changed, node }) =>
    changed.filter((name) => name in REFUSED).map((name) => `${node.name} would get another ${REFUSED[name] ?? name}`),
  );
  const restarted = guests
    .filter((guest) => !moved.includes(guest) && guest.changed.some((name) => RESTART.includes(name)))
    .map(({ node }) => node);
  const explained = new Set(guests.filter(({ changed }) => changed.length > 0).map(({ node }) => node));
  return [
    ...outage(restarted, model.nodes, lost),
    ...moved.map(
      ({ after, before, node }) =>
        `${node.name} would move from ${before.hypervisor ?? "?"} to ${after.hypervisor ?? "?"}, which an update refuses (docs/guides/hypervisor.md).`,
    ),
    ...refused.map((what) => `${what}, which an update refuses: its disks would be lost (docs/guides/hypervisor.md).`),
    ...restarted.map(
      ({ name, role }) =>
        `${name} is shut down and started again: ${role === "control-plane" ? "its etcd member is" : "its pods are"} away meanwhile.`,
    ),
    ...unexplained(changes, model, (node) => lost.has(node) || explained.has(node)),
  ];
}

function changedSettings(before: StackNode, after: StackNode): readonly string[] {
  return Object.keys(before.settings).filter(
    (name) => JSON.stringify(before.settings[name]) !== JSON.stringify(after.settings[name]),
  );
}

function outage(
  restarted: readonly PlanNode[],
  nodes: readonly PlanNode[],
  lost: ReadonlySet<PlanNode>,
): readonly string[] {
  const members = nodes.filter(({ role, state }) => role === "control-plane" && state !== "new");
  const away = members.filter((node) => restarted.includes(node) || lost.has(node));
  const majority = Math.floor(members.length / 2) + 1;
  if (!away.some((node) => restarted.includes(node)) || members.length - away.length >= majority) return [];
  return [
    `The cluster's API is away for a while: ${away.length} of ${members.length} etcd members go down at once, and etcd ` +
      `needs ${majority}${members.length > 1 ? "; change one control plane at a time" : ""}.`,
  ];
}

/** A guest's script is secret. When it changes and no setting does, the plan can't tell whether the guest restarts. */
function unexplained(
  changes: readonly Change[],
  model: PlanModel,
  isExplained: (node: PlanNode) => boolean,
): readonly string[] {
  const names = changes.flatMap(({ operation, step: { detailedDiff, urn }, within }) => {
    const node = model.nodeOf(urn);
    const isGuest = within.at(-1) === TOKENS.libvirtMachine && model.stepOf(urn)?.step === "machine";
    if (!isGuest || operation !== "update" || !node || isExplained(node)) return [];
    return "stdin" in (detailedDiff ?? {}) ? [node.name] : [];
  });
  if (names.length === 0) return [];
  const list = names.sort(compareNames).join(", ");
  return [
    `The secret script of these guests changes: ${list}. A guest whose definition is what changes is shut down and started again.`,
  ];
}
