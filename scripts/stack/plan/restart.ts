import { TOKENS } from "../../../components/tokens";
import { UNKNOWN } from "./digest";
import type { PlanModel, PlanNode } from "./node";

/* What a plan does to machines that it keeps. Some settings take a restart, others are refused by the machine's script. */

/** Only a guest that is made anew can have others (scripts/remote/hypervisor/create-guest.sh). */
const REFUSED: Readonly<Record<string, string>> = { address: "address", mac: "MAC address" };

export interface Restarts {
  /** Nodes whose machines run with something else until they restart. */
  readonly certain: readonly PlanNode[];
  /** Nodes of which the plan can't tell: an older version made the state, or a hypervisor is asked first. */
  readonly possible: readonly PlanNode[];
}

/** The machines whose definition a plan changes (components/machines/machine.ts). */
export function restartsOf({ nodes }: PlanModel, lost: ReadonlySet<PlanNode>): Restarts {
  const kept = nodes.filter((node) => !lost.has(node) && node.state === "kept" && !isRefused(node));
  const definitions = kept.flatMap((node) => {
    const [before, after] = [node.before, node.after].map((side) => side?.settings["definition"]);
    return after === undefined || before === after ? [] : [{ node, known: before !== undefined && after !== UNKNOWN }];
  });
  return {
    certain: definitions.flatMap(({ known, node }) => (known ? [node] : [])),
    possible: definitions.flatMap(({ known, node }) => (known ? [] : [node])),
  };
}

/** The sentences about guests that would move, or get what only a new guest has. */
export function refusalsOf({ nodes }: PlanModel, lost: ReadonlySet<PlanNode>): readonly string[] {
  const guests = nodes.filter((node) => !lost.has(node) && node.before && node.after?.type === TOKENS.libvirtMachine);
  const moved = guests.filter((node) => changed(node).includes("hypervisor"));
  return [
    ...moved.map(
      ({ after, before, name }) =>
        `${name} would move from ${before?.hypervisor ?? "?"} to ${after?.hypervisor ?? "?"}, which an update refuses (docs/guides/hypervisor.md).`,
    ),
    ...guests.flatMap((node) =>
      changed(node)
        .filter((setting) => setting in REFUSED)
        .map(
          (setting) =>
            `${node.name} would get another ${REFUSED[setting] ?? setting}, which an update refuses: its disks would be lost (docs/guides/hypervisor.md).`,
        ),
    ),
  ];
}

function isRefused(node: PlanNode): boolean {
  if (node.after?.type !== TOKENS.libvirtMachine) return false;
  return changed(node).some((setting) => setting === "hypervisor" || setting in REFUSED);
}

function changed({ after, before }: PlanNode): readonly string[] {
  if (!before || !after) return [];
  return Object.keys(before.settings).filter(
    (name) => JSON.stringify(before.settings[name]) !== JSON.stringify(after.settings[name]),
  );
}
