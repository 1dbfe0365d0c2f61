import { TOKENS } from "../../components/tokens";
import { entries, fields, type Resource, text } from "../resource";
import type { Settings } from "../rule";

/** A control plane, from the outputs of its cluster. */
export interface ControlPlane {
  readonly name: string;
  readonly address: string;
  /** What it runs on; unset for a server that somebody ordered. */
  readonly hypervisor?: string;
}

export function clusters(resources: readonly Resource[]): readonly Resource[] {
  return resources.filter(({ type }) => type === TOKENS.kubernetesCluster);
}

export function controlPlanesOf(cluster: Resource): readonly ControlPlane[] {
  return entries(cluster.values["controlPlanes"]).map((entry) => {
    const { name, address, hypervisor } = fields(entry);
    const known = text(hypervisor);
    return {
      name: text(name) ?? "",
      address: text(address) ?? "",
      ...(known === undefined ? {} : { hypervisor: known }),
    };
  });
}

export function isProduction(stack: string, { stacks }: Settings): boolean {
  return stacks.includes(stack);
}
