import type * as pulumi from "@pulumi/pulumi";
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
}

/** @param founding what init-control-plane.sh printed: not secret */
export function foundedCluster(
  founding: pulumi.Output<string>,
  controlPlanes: readonly Machine[],
): pulumi.Output<FoundedCluster> {
  return founding.apply((stdout) => ({
    ...(JSON.parse(stdout) as { cluster: Omit<FoundedCluster, "controlPlanes"> }).cluster,
    controlPlanes: controlPlanes.map(({ name, address, identity }) => ({ name, address, identity })),
  }));
}
