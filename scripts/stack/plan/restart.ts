import { type Change, compare } from "./change";
import type { Placement, PlanNode } from "./node";
import { guestChange } from "./note";

/* What a plan does to machines that it keeps: guests are shut down and started again. */

/**
 * The sentences about guests that are shut down, worst first.
 *
 * @param lost machines that the plan takes away or sets up anew, which are told elsewhere
 */
export function restartsOf(
  changes: readonly Change[],
  nodes: readonly PlanNode[],
  placement: Placement,
  lost: ReadonlySet<PlanNode>,
): readonly string[] {
  const guests = changes.flatMap((change) => {
    const node = placement.get(change);
    return node && !lost.has(node) && isGuest(change) ? [{ node, change, said: guestChange(change.step) }] : [];
  });
  const moved = guests.flatMap(({ node, said: { hypervisor: [from, to] = ["", ""] } = {} }) =>
    from === to ? [] : `${node.name} would move from ${from} to ${to}, which an update refuses (docs/guides/hypervisor.md).`,
  );
  const restarted = guests
    .filter(({ said }) => said && said.hypervisor[0] === said.hypervisor[1])
    .map(({ node }) => node);
  const untold = guests.filter(({ said, change }) => !said && "stdin" in (change.step.detailedDiff ?? {}));
  return [
    ...outage(restarted, nodes, lost),
    ...moved,
    ...restarted.map(
      ({ name, role }) =>
        `${name} is shut down and started again: ${role === "control-plane" ? "its etcd member is" : "its pods are"} away meanwhile.`,
    ),
    ...untoldSentence(untold.map(({ node }) => node.name)),
  ];
}

/** What a guest is made by (components/machines/libvirt-machine.ts). */
function isGuest({ operation, component, name, within }: Change): boolean {
  if (operation !== "update" || component || !name.endsWith("-guest")) return false;
  return within.at(-1) === "gitops-platform:machines:LibvirtMachine";
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

/** A guest's script is secret: what else in it changes can't be told. */
function untoldSentence(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const list = [...names].sort(compare).join(", ");
  return [
    `The secret script of these guests changes: ${list}. A guest whose io or mac is what changes is shut down and started again.`,
  ];
}
