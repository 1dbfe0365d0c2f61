import type { StackRule, Violation } from "../rule";
import { clusters, type ControlPlane, controlPlanesOf, isProduction } from "./cluster-facts";

export const controlPlanes: StackRule = {
  name: "control-planes",
  description: "In production an odd number of control planes runs on different hypervisors, and one may be lost.",
  enforcement: "mandatory",
  settings: ["stacks", "minimum"],
  comply: "give three (or five) nodes the role control-plane, each on a hypervisor of its own",
  stack: ({ name, resources }, settings) => {
    if (!isProduction(name, settings)) return [];
    const found = clusters(resources);
    if (found.length === 0)
      return [{ text: "has no KubernetesCluster, so nothing says what its control planes run on" }];
    return found.flatMap((cluster): Violation[] => {
      const nodes = controlPlanesOf(cluster);
      return [...countFault(nodes.length, settings.minimum), ...sharedHypervisors(nodes)].map((text) => ({
        urn: cluster.urn,
        text,
      }));
    });
  },
};

function countFault(count: number, minimum: number): string[] {
  if (count >= minimum && count % 2 === 1) return [];
  return [`has ${count} control plane${count === 1 ? "" : "s"} (need an odd number, ${minimum} at least)`];
}

function sharedHypervisors(nodes: readonly ControlPlane[]): string[] {
  const byHypervisor = new Map<string, string[]>();
  for (const { name, hypervisor } of nodes) {
    if (hypervisor !== undefined) byHypervisor.set(hypervisor, [...(byHypervisor.get(hypervisor) ?? []), name]);
  }
  return [...byHypervisor]
    .filter(([, names]) => names.length > 1)
    .map(
      ([hypervisor, names]) => `${names.join(" and ")} share the hypervisor ${hypervisor}, and would be lost together`,
    );
}
