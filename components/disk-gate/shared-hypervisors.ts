import type { Machine } from "../machines/machine";

/** Machines that are on one computer, with at least one that will hold etcd and at least one other. */
export interface SharedHypervisor {
  readonly hypervisor: string;
  /** Those that will hold etcd, in their order: the ones whose disk is judged. */
  readonly judged: readonly Machine[];
  /** All of them, the judged ones first. */
  readonly members: readonly Machine[];
}

/** Groups etcd nodes by the computer they share with each other, or with one of the other machines. */
export function sharedHypervisors(nodes: readonly Machine[], others: readonly Machine[]): SharedHypervisor[] {
  const names = new Set(nodes.flatMap(({ hypervisor }) => hypervisor ?? []));
  return [...names].flatMap((hypervisor) => {
    const on = (machine: Machine): boolean => machine.hypervisor === hypervisor;
    const judged = nodes.filter(on);
    const members = [...judged, ...others.filter(on)];
    return members.length > 1 ? [{ hypervisor, judged, members }] : [];
  });
}
