import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../remote/host";
import { TOKENS } from "../tokens";
import type { Machine, Role } from "./machine";

export interface AdoptedMachineArgs {
  readonly role: Role;
  /** IPv4 address that is reached from here and from the other nodes. */
  readonly address: string;
  readonly port: number;
  /** Anything but root needs password-less sudo. */
  readonly user: string;
  /** Public host key, `ssh-ed25519 AAAA…`: the provider's console shows it, or `ssh-keyscan` over a network you trust. */
  readonly hostKey: string;
  /** OpenSSH private key that logs in (secret). */
  readonly privateKey: pulumi.Input<string>;
  /** The computer it runs on, where it shares that with other nodes: any name. @default none */
  readonly hypervisor?: string;
  /** The checks that have to pass before the server is used. */
  readonly after: readonly pulumi.Resource[];
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
  readonly ready: readonly pulumi.Resource[];
  readonly hypervisor?: string;

  constructor(
    readonly name: string,
    args: AdoptedMachineArgs,
    opts: pulumi.ComponentResourceOptions = {},
  ) {
    const { address, hostKey, hypervisor, role } = args;
    super(TOKENS.adoptedMachine, name, { role, address, hypervisor, hostKey }, opts);
    const server = adoptedServer(name, args);
    this.role = server.role;
    this.address = server.address;
    this.connection = server.connection;
    this.identity = args.hostKey;
    this.ready = args.after;
    this.hypervisor = args.hypervisor;
    this.registerOutputs({ address: this.address, identity: this.identity });
  }
}

/** The server as it is reached before anything was found out about it. */
export function adoptedServer(name: string, args: Omit<AdoptedMachineArgs, "after">): Machine {
  return {
    name,
    role: args.role,
    address: args.address,
    connection: {
      host: args.address,
      port: args.port,
      user: args.user,
      privateKey: args.privateKey,
      hostKey: args.hostKey,
    },
    identity: args.hostKey,
    ready: [],
  };
}
