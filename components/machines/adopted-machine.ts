import * as pulumi from "@pulumi/pulumi";
import type { Connection, Machine, Role } from "./machine";

export interface AdoptedMachineArgs {
  readonly role: Role;
  /** IPv4 address that is reached from here and from the other nodes. */
  readonly address: string;
  /** @default 22 */
  readonly port?: number;
  /** Anything but root needs password-less sudo. @default "root" */
  readonly user?: string;
  /** Public host key, `ssh-ed25519 AAAA…`: the provider's console shows it, or `ssh-keyscan` over a network you trust. */
  readonly hostKey: string;
  /** OpenSSH private key that logs in (secret). */
  readonly privateKey: pulumi.Input<string>;
}

/**
 * A server somebody ordered or installed. Owns nothing: deleting it leaves the server, and the steps that ran on it
 * undo themselves first. A server with another host key is another server, and is set up anew.
 *
 * @example
 * new AdoptedMachine("cp-1", { role: "control-plane", address: "192.0.2.7", hostKey: "ssh-ed25519 AAAA…", privateKey });
 */
export class AdoptedMachine extends pulumi.ComponentResource implements Machine {
  readonly role: Role;
  readonly address: string;
  readonly connection: Connection;
  readonly identity: string;
  readonly ready: readonly pulumi.Resource[] = [];

  constructor(
    readonly name: string,
    args: AdoptedMachineArgs,
    opts: pulumi.ComponentResourceOptions = {},
  ) {
    super("gitops-platform:machines:AdoptedMachine", name, {}, opts);
    this.role = args.role;
    this.address = args.address;
    this.connection = {
      host: args.address,
      port: args.port ?? 22,
      user: args.user ?? "root",
      privateKey: args.privateKey,
      hostKey: args.hostKey,
    };
    this.identity = args.hostKey;
    this.registerOutputs({ address: this.address, identity: this.identity });
  }
}
