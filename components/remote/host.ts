import type * as pulumi from "@pulumi/pulumi";

/** One SSH server and its login. The host key is required: an unverified connection is not expressible. */
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

/** The way to a machine. */
export interface Connection extends Endpoint {
  /** The bastion in front of the machine. @default none */
  readonly proxy?: pulumi.Input<Endpoint>;
}

/** Where steps run: a node's machine, or a server that isn't part of the cluster. */
export interface Host {
  readonly connection: Connection;
  /** Changes with the machine behind the name: every step runs again on another machine. */
  readonly identity: pulumi.Input<string>;
  /** What a step on this machine waits for. */
  readonly ready: readonly pulumi.Resource[];
  /** The resource whose deletion removes the machine with everything on it; unset for servers that stay. */
  readonly disposedWith?: pulumi.Resource;
}
