import type { StackModel } from "../../lib/stack-model";
import type { Blind, Finding } from "./finding";
import type { ObservedNode } from "./observed";

const HOUR_MS = 60 * 60 * 1000;

/** How often the last update had snapshots of etcd taken; unset where none are. */
export function snapshotHours({ cluster }: StackModel): number | undefined {
  const { everyHours } = (cluster?.settings["snapshots"] ?? {}) as { readonly everyHours?: number };
  return everyHours;
}

/**
 * Judges the age of the cluster's newest snapshot, on whichever control plane it lies: the leader takes them.
 *
 * @param everyHours unset where none are taken
 * @param seen what the control planes showed; undefined for one that could not be looked at
 */
export function judgeSnapshots(
  everyHours: number | undefined,
  seen: readonly (Pick<ObservedNode, "clockMs" | "snapshot"> | undefined)[],
): { readonly findings: readonly Finding[]; readonly blind: readonly Blind[] } {
  if (everyHours === undefined) return { findings: [], blind: [] };
  const ages = seen.flatMap((node) => {
    return node?.snapshot ? [{ hours: (node.clockMs - node.snapshot.atMs) / HOUR_MS, taken: node.snapshot.taken }] : [];
  });
  const limit = 2 * everyHours;
  if (ages.some(({ hours }) => hours <= limit)) return { findings: [], blind: [] };
  // The one that could not be looked at may have a newer one.
  if (seen.includes(undefined) || ages.length === 0) {
    const reason =
      "the age of the newest snapshot of etcd is not known: a control plane could not be looked at, or has no timer for them";
    return { findings: [], blind: [{ where: "cluster", reason }] };
  }
  const taken = ages.filter((age) => age.taken);
  const youngest = Math.floor(Math.min(...(taken.length > 0 ? taken : ages).map(({ hours }) => hours)));
  const found = taken.length > 0 ? `newest snapshot is ${youngest} h old` : `no snapshot in ${youngest} h`;
  const cure = "journalctl -u gitops-platform-snapshot on the control planes; npm run snapshots -- STACK take";
  return {
    findings: [{ where: "cluster", what: "snapshots of etcd", expected: `one every ${everyHours} h`, found, cure }],
    blind: [],
  };
}
