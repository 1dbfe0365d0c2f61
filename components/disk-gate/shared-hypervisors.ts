import type { Machine } from "../machines/machine";

/** Machines that are on one computer, with at least one that will hold etcd and at least one other. */
export interface SharedHypervisor {
  readonly hypervisor: string;
  /** Those that will hold etcd, in their order: the ones whose disk is judged. */
  readonly judged: readonly Machine[];
  /** Those that write at the same time, the judged ones first: all of them, or as many as tell a shared disk. */
  readonly members: readonly Machine[];
  /** All of them. */
  readonly machines: readonly Machine[];
}

/**
 * How many write at the same time. A disk that four writers don't slow down is not shared in a way that matters, and the
 * engine runs eight steps at a time on the smallest computer: more would wait for ones that are not yet their turn.
 */
const WRITERS = 4;

/** Groups etcd nodes by the computer they share with each other, or with one of the other machines. */
export function sharedHypervisors(nodes: readonly Machine[], others: readonly Machine[]): SharedHypervisor[] {
  const names = new Set(nodes.flatMap(({ hypervisor }) => hypervisor ?? []));
  return [...names].flatMap((hypervisor) => {
    const on = (machine: Machine): boolean => machine.hypervisor === hypervisor;
    const judged = nodes.filter(on);
    const neighbours = others.filter(on);
    const machines = [...judged, ...neighbours];
    const members = [...judged, ...neighbours.slice(0, Math.max(1, WRITERS - judged.length))];
    return members.length > 1 ? [{ hypervisor, judged, members, machines }] : [];
  });
}
