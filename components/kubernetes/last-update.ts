import type { Machine } from "../machines/machine";
import type { SeenCertificates } from "./certificates";

/** What the last update left of a cluster: what can't be changed while it lives, and which machines its etcd is bound to. */
export interface FoundedCluster {
  readonly name: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** Of kubeadm's configuration, without a leading v. */
  readonly kubernetes: string;
  /** Whether kubeadm's configuration has what hardens it; unset by programs that hardened none. */
  readonly hardened?: boolean;
  readonly controlPlanes: readonly Pick<Machine, "name" | "address" | "identity">[];
  /** Names of all members. */
  readonly nodes: readonly string[];
  /** Name of the control plane whose machine founds the cluster when none answers; empty once that machine was lost. */
  readonly founder: string;
  /** "name checksum" of the snapshot that the founder founded it with; empty for none. */
  readonly restored: string;
  /** PEM. */
  readonly caCertificate: string;
  /** Changes with the cluster, and with nothing else. */
  readonly identity: string;
}

/** As the stack's outputs hold it; older programs left less. */
export type LivingCluster = Omit<
  FoundedCluster,
  "controlPlanes" | "nodes" | "founder" | "restored" | "caCertificate" | "identity"
> & {
  readonly controlPlanes: readonly { readonly name: string; readonly address: string; readonly identity: string }[];
} & Partial<Pick<FoundedCluster, "nodes" | "founder" | "restored" | "caCertificate" | "identity">>;

/** The stack's own outputs as the last update left them; all unset before the first one. */
export interface LastUpdate {
  readonly founded?: LivingCluster;
  readonly certificates?: SeenCertificates;
  /** In clear. */
  readonly kubeconfig?: string;
  /** URL of the API. */
  readonly endpoint?: string;
  /** Version of the program that made the update; 0.1.0 left none. */
  readonly program?: string;
  readonly nodes?: readonly { readonly name: string; readonly role: string }[];
}

/** Whether 0.1.0 made it, which left no `founded`. Its cluster is identified by the machine of its first control plane. */
export function isOfFirstRelease({ kubeconfig, program }: LastUpdate): boolean {
  return program === undefined && kubeconfig !== undefined;
}
