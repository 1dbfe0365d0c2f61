import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../machines/machine";

/** What can't be changed on a living cluster, as the cluster itself says, and which machines its etcd is bound to. */
export interface FoundedCluster {
  readonly name: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** Of kubeadm's configuration, without a leading v. */
  readonly kubernetes: string;
  /** The first one founded it. */
  readonly controlPlanes: readonly Pick<Machine, "name" | "address" | "identity">[];
  /** Names of all members. */
  readonly nodes: readonly string[];
}

/**
 * @param founding what init-control-plane.sh printed: not secret
 * @param turn what activate-node.sh printed on the last control plane: the version that the cluster has since
 */
export function foundedCluster(
  founding: pulumi.Output<string>,
  turn: pulumi.Output<string>,
  controlPlanes: readonly Machine[],
  workers: readonly Machine[],
): pulumi.Output<FoundedCluster> {
  const facts = (text: string) =>
    (JSON.parse(text) as { readonly cluster: Omit<FoundedCluster, "controlPlanes" | "nodes"> }).cluster;
  return pulumi.all([founding, turn]).apply(([first, last]) => ({
    ...facts(first),
    ...facts(last),
    controlPlanes: controlPlanes.map(({ name, address, identity }) => ({ name, address, identity })),
    nodes: [...controlPlanes, ...workers].map(({ name }) => name),
  }));
}
