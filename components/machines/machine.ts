import type * as pulumi from "@pulumi/pulumi";
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
  /** Unset for a machine that the stack can't restart. */
  readonly power?: MachinePower;
}

/**
 * The restart of a machine, for what it takes over only when it starts: memory, processors, devices. The machine's own step
 * defines that and leaves a running machine alone; the cluster restarts it in its node's turn.
 */
export interface MachinePower {
  /** A digest of what the machine has to run with. */
  readonly definition: pulumi.Input<string>;
  /** Whether it ran with something else when its own step last looked. */
  readonly pending: pulumi.Output<boolean>;
  /** Makes the step that restarts the machine if it still does. Its maker has emptied the node, and gives it name and place. */
  readonly restart: (name: string, opts: pulumi.CustomResourceOptions) => pulumi.Resource;
}

/** Reads the answer of a machine's own step. One that an older version ran gave none, and restarted the machine itself. */
export function isPending(stdout: string | undefined): boolean {
  return stdout ? (JSON.parse(stdout) as { readonly pending?: boolean }).pending === true : false;
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** Orders machines by name, `worker-2` before `worker-10`: their order in a stack file means nothing. */
export function byName(left: Machine, right: Machine): number {
  return COLLATOR.compare(left.name, right.name);
}
