import type * as pulumi from "@pulumi/pulumi";

/** What a machine does in the cluster. Every control plane also runs an etcd member. */
export type Role = "control-plane" | "worker";

/** One SSH server and its login. Always carries the host key: an unverified connection is not expressible. */
export interface Endpoint {
  /** IP address or DNS name. */
  readonly host: pulumi.Input<string>;
  /** @default 22 */
  readonly port?: pulumi.Input<number>;
  /** Login name; anything but root needs password-less sudo. */
  readonly user: pulumi.Input<string>;
  /** OpenSSH private key, PEM (secret). */
  readonly privateKey: pulumi.Input<string>;
  /** The machine's public host key in authorized_keys form: `ssh-ed25519 AAAA…`. */
  readonly hostKey: pulumi.Input<string>;
}

/** How a step reaches a machine. */
export interface Connection extends Endpoint {
  /** A bastion that the connection goes through. @default none */
  readonly proxy?: Endpoint;
}

/** Where steps run: a node's machine, or a server that isn't part of the cluster. */
export interface Host {
  readonly connection: Connection;
  /** Changes when the machine behind the name is another one, so that what was done on it is done again. */
  readonly identity: pulumi.Input<string>;
  /** What a step on this machine has to wait for. */
  readonly ready: readonly pulumi.Resource[];
  /**
   * The computer it runs on, by any name; machines with the same one share its disks. Unset: it shares them with none of
   * the stack's machines, or nobody knows.
   */
  readonly hypervisor?: string;
  /** The resource that takes everything on the machine away when it is deleted; unset for servers that stay. */
  readonly disposedWith?: pulumi.Resource;
}

/** A machine of the cluster that is up and reachable, whatever made it. */
export interface Machine extends Host {
  readonly name: string;
  readonly role: Role;
  /** IPv4 address on the node network. */
  readonly address: string;
  /** What it shares with other machines and is lost with; unset where that isn't known. */
  readonly hypervisor?: string;
}
