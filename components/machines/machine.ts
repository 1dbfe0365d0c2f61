import type { Host } from "../remote/host";

/** The part a machine plays in the cluster. Every control plane also runs an etcd member. */
export type Role = "control-plane" | "worker";

/** A machine of the cluster that is up and reachable, whatever made it. */
export interface Machine extends Host {
  readonly name: string;
  readonly role: Role;
  /** IPv4 address on the node network. */
  readonly address: string;
  /**
   * The computer it runs on, by any name: machines with the same name share its disks and are lost together. Unset when
   * it shares with no machine of the stack, or when that is unknown.
   */
  readonly hypervisor?: string;
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** Orders machines by name, `worker-2` before `worker-10`: their order in a stack file means nothing. */
export function byName(left: Machine, right: Machine): number {
  return COLLATOR.compare(left.name, right.name);
}
