import { type Change, compare } from "./change";
import type { Digest } from "./digest";

/** A machine of the plan: one that the stack has, or one that it had. */
export interface PlanNode {
  readonly name: string;
  readonly role: string;
  /** `new` and `leaving` machines are made, or taken up, and given away, by this plan. */
  readonly state: "kept" | "new" | "leaving";
}

const MACHINE = /^gitops-platform:machines:\w+Machine$/;
const HOST_KEY = "gitops-platform:machines:HostKey";
const GATE = "gitops-platform:disk-gate:DiskGate";

/** Whether a resource is a machine as the program knows it. */
export function isMachine({ type, component }: Change): boolean {
  return component && MACHINE.test(type);
}

/** Whether a resource is part of what a machine is made of: its container or guest, its disk. */
export function isMachinePart({ within, component }: Change): boolean {
  return !component && within.some((type) => MACHINE.test(type)) && !within.includes(HOST_KEY) && !isStep(within);
}

/** Whether a resource is the measurement of a disk. */
export function isGate({ within, component }: Change): boolean {
  return !component && within.includes(GATE);
}

/** Whether a resource is the measurement of a disk beside those of other guests, which comes and goes with them. */
export function isSharedGate(change: Change): boolean {
  return isGate(change) && change.name.endsWith("-together");
}

/** Whether a resource is what a machine's host key is made from. */
export function isHostKey({ within, component }: Change): boolean {
  return !component && within.includes(HOST_KEY);
}

/** The nodes that the configuration names, in its order, then what the plan takes away. */
export function nodesOf(digest: Digest, changes: readonly Change[]): readonly PlanNode[] {
  const machines = changes.filter(isMachine);
  const configured = (readSection(digest, "nodes") ?? []) as readonly { name?: string; role?: string }[];
  const kept = configured.flatMap(({ name, role }): PlanNode[] => {
    if (name === undefined) return [];
    const made = machines.some((machine) => machine.name === name && machine.operation === "create");
    return [{ name, role: role ?? "node", state: made ? "new" : "kept" }];
  });
  const leaving = machines
    .filter(({ name, operation }) => operation === "delete" && !kept.some((node) => node.name === name))
    .map(({ name }): PlanNode => {
      // The configuration doesn't name it any more, but only a control plane has a gate of its own.
      const gated = changes.some((change) => isGate(change) && !isSharedGate(change) && concerns(change, name));
      return { name, role: gated ? "control-plane" : "worker", state: "leaving" };
    });
  return [...kept, ...leaving.sort((left, right) => compare(left.name, right.name))];
}

/** Which node each resource is about; none for what is about the cluster. */
export type Placement = ReadonlyMap<Change, PlanNode | undefined>;

/** Finds the node of every resource: the one with the longest name that occurs in the resource's own. */
export function placementOf(changes: readonly Change[], nodes: readonly PlanNode[]): Placement {
  return new Map(changes.map((change) => [change, nodeOf(change, nodes)]));
}

function nodeOf(change: Change, nodes: readonly PlanNode[]): PlanNode | undefined {
  return nodes
    .filter(({ name }) => concerns(change, name))
    .reduce<PlanNode | undefined>(
      (longest, node) => (longest && longest.name.length >= node.name.length ? longest : node),
      undefined,
    );
}

function concerns({ name }: Change, node: string): boolean {
  return `-${name}-`.includes(`-${node}-`);
}

function isStep(within: readonly string[]): boolean {
  return within.some((type) => /^gitops-platform:(kubernetes|disk-gate|hub|gitops):/.test(type) && !/:Hub$/.test(type));
}

/** A section of the stack's configuration; undefined when it is missing or blanked. */
function readSection(digest: Digest, section: string): unknown {
  const text = digest.config?.[`gitops-platform:${section}`];
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
