import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { Connection, Host } from "../remote/host";
import { renderScript } from "../remote/script";
import type { Steps } from "../remote/step-facts";
import { TOKENS } from "../tokens";
import { HostKey } from "./host-key";
import { isPending, type MachinePower, type Role } from "./machine";

/** The network that local machines share: a bridge on this computer, without a way out. */
export interface LocalNetwork {
  /** Interface name, at most 15 characters; made with the first machine and removed with the last. */
  readonly bridge: string;
  /** `10.78.0.0/24`. */
  readonly cidr: string;
  /** This computer's own address on the bridge. */
  readonly hostAddress: string;
}

/** A directory or file of this computer that a machine sees. */
export interface Bind {
  /** Path on this computer, relative to the project or absolute. */
  readonly source: string;
  /** Absolute path in the machine. */
  readonly target: string;
  readonly access: "read-only" | "read-write";
}

export interface LocalMachineArgs {
  /** The part it plays in the cluster. @default none: it is no node */
  readonly role?: Role;
  /** IPv4 address in the network, not another machine's. */
  readonly address: string;
  readonly network: LocalNetwork;
  /** ext4 image of a Debian root with systemd and sshd; shared, never written. Only a new machine looks at it. */
  readonly baseImage: string;
  /** Limit of the machine's memory, page cache included. */
  readonly memoryMiB: number;
  /** Size of the disk, which takes only what is written to it. Can grow; a smaller one is refused. */
  readonly diskGiB: number;
  /** The key that root is reached with. */
  readonly loginKey: { readonly privateKey: pulumi.Input<string>; readonly publicKey: pulumi.Input<string> };
  /** Any name for this computer, to have the machines that carry it measured together. @default none */
  readonly hypervisor?: string;
  /** Whether updates that would delete or replace the seed of the host key are refused. */
  readonly protectKeys: boolean;
  readonly binds: readonly Bind[];
}

/** Where disks and settings are kept, relative to the project. */
const STATE_DIRECTORY = ".local/machines";

const SCRIPT = "bash components/machines/local/machine.sh";

/**
 * A machine container on this computer: systemd, sshd, a disk and a network of its own. For trying, developing and
 * testing; needs Linux and root. It outlives the program that made it; `machine.sh` has further verbs for operators.
 *
 * Deleting it takes the machine and its disk away.
 *
 * @example
 * new LocalMachine("cp-1", { role: "control-plane", address: "10.78.0.11", network, baseImage, loginKey });
 */
export class LocalMachine extends pulumi.ComponentResource implements Host {
  readonly address: string;
  readonly connection: Connection;
  readonly identity: pulumi.Output<string>;
  readonly ready: readonly pulumi.Resource[];
  readonly hypervisor?: string;
  readonly disposedWith: pulumi.Resource;
  readonly power: MachinePower;

  constructor(
    readonly name: string,
    args: LocalMachineArgs,
    opts: pulumi.ComponentResourceOptions = {},
  ) {
    const { address, memoryMiB, diskGiB, hypervisor, protectKeys, role } = args;
    const step = { ...(role && { node: name }), step: "machine", summary: "makes the machine container" };
    const steps: Steps = { [`${name}-container`]: step };
    const definition = definitionOf(args);
    super(TOKENS.localMachine, name, { role, address, hypervisor, memoryMiB, diskGiB, definition, steps }, opts);
    const hostKey = new HostKey(`${name}-host-key`, { parent: this, protect: protectKeys });
    const container = new command.local.Command(
      `${name}-container`,
      {
        create: `${SCRIPT} apply`,
        // A node is restarted in its turn.
        update: role ? `${SCRIPT} change` : `${SCRIPT} apply`,
        delete: `${SCRIPT} destroy`,
        stdin: settings(name, args, hostKey),
        // What was set up for one address or host key is of no use under another: such a machine is made anew.
        triggers: [args.address, hostKey.publicKey],
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      { parent: this, deleteBeforeReplace: true, additionalSecretOutputs: ["stdout", "stderr"] },
    );

    this.address = args.address;
    this.connection = {
      host: args.address,
      user: "root",
      privateKey: args.loginKey.privateKey,
      hostKey: hostKey.publicKey,
    };
    this.identity = container.id;
    this.ready = [container];
    this.disposedWith = container;
    this.hypervisor = args.hypervisor;
    this.power = {
      definition,
      pending: pulumi.unsecret(container.stdout).apply(isPending),
      restart: (step, stepOpts) => this.restart(step, definition, stepOpts),
    };
    this.registerOutputs({ address: this.address, identity: this.identity });
  }

  private restart(name: string, definition: string, opts: pulumi.CustomResourceOptions): command.local.Command {
    return new command.local.Command(
      name,
      {
        create: `${SCRIPT} restart ${this.name}`,
        update: `${SCRIPT} restart ${this.name}`,
        stdin: `${definition}\n`, // not read: a change runs it again
        logging: command.local.Logging.None,
        addPreviousOutputInEnv: false,
      },
      pulumi.mergeOptions(opts, {
        deletedWith: this.disposedWith,
        deleteBeforeReplace: true,
        additionalSecretOutputs: ["stdout", "stderr"],
      }),
    );
  }
}

/** What a running machine keeps until it is restarted. */
function definitionOf({ address, binds, diskGiB, memoryMiB, network }: LocalMachineArgs): string {
  const text = JSON.stringify([address, binds, diskGiB, memoryMiB, network]);
  return createHash("sha256").update(text).digest("hex");
}

/** What machine.sh reads on stdin; secret, because of the host key. */
function settings(name: string, args: LocalMachineArgs, hostKey: HostKey): pulumi.Output<string> {
  const binds = args.binds.map(
    ({ access, source, target }) => `${access === "read-only" ? "ro" : "rw"}:${source}:${target}`,
  );
  return pulumi
    .all([hostKey.privateKey, hostKey.publicKey, args.loginKey.publicKey])
    .apply(([privateKey, publicKey, loginKey]) =>
      renderScript("", {
        MACHINE_NAME: name,
        ADDRESS: args.address,
        STATE_DIRECTORY: STATE_DIRECTORY,
        BRIDGE: args.network.bridge,
        NETWORK_CIDR: args.network.cidr,
        HOST_ADDRESS: args.network.hostAddress,
        BASE_IMAGE: args.baseImage,
        MEMORY_MIB: String(args.memoryMiB),
        DISK_GIB: String(args.diskGiB),
        BINDS: binds.join("\n"),
        HOST_PRIVATE_KEY: privateKey,
        HOST_PUBLIC_KEY: publicKey,
        LOGIN_PUBLIC_KEY: loginKey.trim(),
      }),
    );
}
