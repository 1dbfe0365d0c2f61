import * as pulumi from "@pulumi/pulumi";
import { prefixOf } from "../addresses/ipv4";
import type { Connection } from "../remote/host";
import { RemoteStep } from "../remote/remote-step";
import type { Steps } from "../remote/step-facts";
import { REMOTE_COMMAND, TOKENS } from "../tokens";
import { renderMetaData, renderNetworkConfig, renderUserData } from "./cloud-init";
import { domainDigest, type DomainSettings, type GuestHardware, renderDomain } from "./domain-xml";
import { HostKey } from "./host-key";
import type { Hypervisor } from "./hypervisor";
import { macAddress } from "./mac-address";
import { isPending, type Machine, type MachinePower, type Role } from "./machine";

/** The network that guests are on. */
export interface GuestNetworkArgs {
  /** `192.0.2.0/24`. */
  readonly cidr: string;
  /** @default no gateway */
  readonly gateway?: string;
  readonly resolvers: readonly string[];
}

export interface LibvirtMachineArgs extends GuestHardware {
  readonly role: Role;
  /** IPv4 address in the network. */
  readonly address: string;
  readonly on: Hypervisor;
  readonly network: GuestNetworkArgs;
  /** It can grow; a smaller one is refused. */
  readonly diskGiB: number;
  /** A disk of its own for etcd's data, which can grow too. @default none */
  readonly etcdDiskGiB?: number;
  /** Where that disk is mounted. */
  readonly etcdDirectory: string;
  /** @default derived from the names of cluster and guest */
  readonly mac?: string;
  /** IPv6 address with its prefix. @default none */
  readonly ipv6?: string;
  /** @default none */
  readonly gateway6?: string;
  /** Whether it starts with its hypervisor. */
  readonly autostart: boolean;
  /** Name of the cluster: part of a derived MAC address. */
  readonly cluster: string;
  /** The ownership marker: `<project>/<stack>/<cluster>`. */
  readonly stackId: string;
  /** Whether updates that would delete or replace the seed of the host key are refused. */
  readonly protectKeys: boolean;
  /** Login name in the guest. */
  readonly user: string;
  /** The key that it is reached with. */
  readonly loginKey: { readonly privateKey: pulumi.Input<string>; readonly publicKey: pulumi.Input<string> };
}

/** Some thirty times slower than KVM is a first boot of several minutes; the script gives up earlier where KVM works. */
const TIMEOUT_SECONDS = 2400;

/**
 * A guest of a libvirt hypervisor: a Debian cloud image on a raw virtio disk, set up by cloud-init at its first boot,
 * with a host key that is known before it exists.
 *
 * Memory and processors change with a restart in the node's turn, disks grow. Whatever would lose the guest's data is refused with the
 * command that consents to it. Deleting it takes the guest and its disks away, if they carry this stack's mark.
 *
 * @example
 * new LibvirtMachine("cp-1", { role: "control-plane", address: "192.0.2.11", on: hypervisor, vcpus: 2, memoryMiB: 4096, … });
 */
export class LibvirtMachine extends pulumi.ComponentResource implements Machine {
  readonly role: Role;
  readonly address: string;
  readonly hypervisor: string;
  readonly connection: Connection;
  readonly identity: pulumi.Output<string>;
  readonly ready: readonly pulumi.Resource[];
  readonly disposedWith: pulumi.Resource;
  readonly power: MachinePower;

  constructor(
    readonly name: string,
    args: LibvirtMachineArgs,
    opts: pulumi.ComponentResourceOptions = {},
  ) {
    const domain = domainOf(name, args);
    const definition = domain.apply(domainDigest);
    super(TOKENS.libvirtMachine, name, { ...factsOf(name, args), definition }, opts);
    const hypervisor = args.on;
    const hostKey = new HostKey(`${name}-host-key`, { parent: this, protect: args.protectKeys });
    const guest = new RemoteStep(
      `${name}-guest`,
      {
        on: hypervisor,
        script: "hypervisor/create-guest.sh",
        env: { ...this.sizes(args), ...this.definition(args, domain, hostKey) },
        undo: "script",
        updateVerb: "change",
        timeoutSeconds: TIMEOUT_SECONDS,
        dialAttempts: 10,
      },
      { parent: this },
    );
    this.role = args.role;
    this.address = args.address;
    this.hypervisor = hypervisor.name;
    const { proxy } = hypervisor.connection;
    this.connection = {
      host: args.address,
      user: args.user,
      privateKey: args.loginKey.privateKey,
      hostKey: hostKey.publicKey,
      proxy,
    };
    this.identity = guest.id;
    this.disposedWith = guest;
    const booted = new RemoteStep(
      `${name}-boot`,
      {
        on: { connection: this.connection, identity: guest.id, ready: [guest], disposedWith: guest },
        script: "guest/finish-boot.sh",
        env: {
          NODE_NAME: name,
          DISK_GIB: String(args.diskGiB),
          ETCD_DISK_GIB: String(args.etcdDiskGiB ?? 0),
          ETCD_DIRECTORY: args.etcdDirectory,
        },
        undo: "none",
        timeoutSeconds: 900,
      },
      { parent: this },
    );
    this.ready = [booted];
    this.power = {
      definition,
      pending: pulumi.unsecret(guest.stdout).apply(isPending),
      restart: (step, stepOpts) => this.restart(step, args, definition, stepOpts),
    };
    // The drift check compares the definition with what the hypervisor has.
    this.registerOutputs({ address: this.address, identity: this.identity, definition });
  }

  private restart(
    name: string,
    args: LibvirtMachineArgs,
    definition: pulumi.Output<string>,
    opts: pulumi.CustomResourceOptions,
  ): RemoteStep {
    const { connection, identity, ready } = args.on;
    return new RemoteStep(
      name,
      {
        on: { connection, identity, ready, disposedWith: this.disposedWith },
        script: "hypervisor/restart-guest.sh",
        env: {
          NODE_NAME: this.name,
          STACK_ID: args.stackId,
          HYPERVISOR: args.on.name,
          ADDRESS: args.address,
          STORAGE_DIRECTORY: args.on.storageDirectory,
          BOOT_SECONDS: bootSeconds(args),
          DEFINITION: definition,
        },
        undo: "none",
        timeoutSeconds: TIMEOUT_SECONDS,
        dialAttempts: 10,
      },
      opts,
    );
  }

  private sizes(args: LibvirtMachineArgs): Record<string, pulumi.Input<string>> {
    const { guests, imageFile, storageDirectory } = args.on;
    return {
      NODE_NAME: this.name,
      STACK_ID: args.stackId,
      HYPERVISOR: args.on.name,
      ADDRESS: args.address,
      MAC: macOf(this.name, args),
      STORAGE_DIRECTORY: storageDirectory,
      IMAGE_FILE: imageFile,
      IMAGE_FORMAT: guests.format,
      DISK_GIB: String(args.diskGiB),
      ETCD_DISK_GIB: String(args.etcdDiskGiB ?? 0),
      PREALLOCATION: args.preallocation,
      COPY_SLOTS: String(guests.parallelCopies),
      AUTOSTART: args.autostart ? "yes" : "no",
      BOOT_SECONDS: bootSeconds(args),
      REPLACE_COMMAND: `npx pulumi up --replace '${this.guestUrn()}'`,
    };
  }

  private definition(
    args: LibvirtMachineArgs,
    domain: pulumi.Output<DomainSettings>,
    hostKey: HostKey,
  ): Record<string, pulumi.Input<string>> {
    const { address, gateway6, ipv6, network, user } = args;
    const userData = pulumi
      .all([hostKey.privateKey, hostKey.publicKey, args.loginKey.publicKey])
      .apply(([privateKey, publicKey, loginKey]) =>
        renderUserData({
          name: this.name,
          user,
          loginKey: loginKey.trim(),
          hostKey: { privateKey, publicKey },
        }),
      );
    return {
      DOMAIN_XML: domain.apply(renderDomain),
      USER_DATA: userData,
      META_DATA: renderMetaData(this.name),
      NETWORK_CONFIG: renderNetworkConfig({
        mac: macOf(this.name, args),
        address,
        prefix: prefixOf(network.cidr),
        resolvers: network.resolvers,
        gateway: network.gateway,
        ipv6,
        gateway6,
      }),
    };
  }

  /** The resource that an operator names to have the guest made anew. */
  private guestUrn(): string {
    const type = `${TOKENS.libvirtMachine}$${REMOTE_COMMAND}`;
    return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${type}::${this.name}-guest`;
  }
}

function domainOf(name: string, args: LibvirtMachineArgs): pulumi.Output<DomainSettings> {
  const { loginKey: _loginKey, network: _network, on, ...settings } = args;
  const { domainType, guests, storageDirectory } = on;
  return pulumi.all([domainType, storageDirectory]).apply(([type, directory]) => ({
    ...settings,
    name,
    domainType: type,
    attachment: guests.attachment,
    mac: macOf(name, args),
    storageDirectory: directory,
    etcdDisk: args.etcdDiskGiB !== undefined,
  }));
}

function bootSeconds({ on }: LibvirtMachineArgs): pulumi.Output<string> {
  return on.domainType.apply((type) => (type === "kvm" ? "300" : "1500"));
}

/** Settings of the guest that tools compare, beside the digest of what only a restart takes over. */
function factsOf(name: string, args: LibvirtMachineArgs): object {
  const { address, cpuModel = "", diskGiB, etcdDiskGiB = 0, memoryMiB, on, role, stackId, vcpus } = args;
  const steps: Steps = {
    [`${name}-guest`]: { node: name, step: "machine", summary: `makes the guest on ${on.name}` },
    [`${name}-boot`]: { node: name, step: "boot", summary: "waits for the first boot and grows file systems" },
  };
  return {
    ...{ role, address, hypervisor: on.name, owner: stackId },
    ...{ vcpus, memoryMiB, cpuModel, mac: macOf(name, args), io: args.io },
    ...{ preallocation: args.preallocation, diskGiB, etcdDiskGiB, autostart: args.autostart, steps },
  };
}

function macOf(name: string, { cluster, mac }: LibvirtMachineArgs): string {
  return mac ?? macAddress(cluster, name);
}
