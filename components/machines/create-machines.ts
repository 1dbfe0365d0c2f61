import type * as pulumi from "@pulumi/pulumi";
import { AdoptedMachine, adoptedServer, type AdoptedMachineArgs } from "./adopted-machine";
import { Adoption, type AdoptionArgs } from "./adoption";
import { Hypervisor, type HypervisorArgs } from "./hypervisor";
import { LibvirtMachine, type LibvirtMachineArgs } from "./libvirt-machine";
import { LocalMachine, type LocalNetwork } from "./local-machine";
import type { Machine, Role } from "./machine";
import { publicKeyOf } from "./public-key";

/** What a node says of its guest; the name of the hypervisor stands for the hypervisor. */
type GuestSpec = Pick<
  LibvirtMachineArgs,
  | "vcpus"
  | "memoryMiB"
  | "cpuModel"
  | "diskGiB"
  | "preallocation"
  | "io"
  | "etcdDiskGiB"
  | "mac"
  | "ipv6"
  | "gateway6"
  | "autostart"
> & { readonly hypervisor: string };

/** A node as an environment names it; the kind says what stands behind the name. */
export type NodeSpec = {
  readonly name: string;
  readonly role: Role;
  readonly address: string;
  /** The computer it runs on, where it shares that with other nodes. */
  readonly hypervisor?: string;
} & (
  | { readonly kind: "local"; readonly memoryMiB?: number; readonly diskGiB?: number }
  | { readonly kind: "adopted"; readonly user?: string; readonly port?: number; readonly hostKey: string }
  | ({ readonly kind: "libvirt" } & GuestSpec)
);

type AdoptedSpec = Extract<NodeSpec, { kind: "adopted" }>;

/** Needed for guests only. */
interface GuestSettings extends Pick<LibvirtMachineArgs, "network" | "cluster" | "stackId" | "etcdDirectory"> {
  readonly hypervisors: readonly (Omit<HypervisorArgs, "privateKey" | "image" | "stackId"> & {
    readonly name: string;
  })[];
  readonly image: HypervisorArgs["image"];
}

export interface MachineSettings {
  /** Login to every machine: the user unless a node names its own, and an OpenSSH private key (secret). */
  readonly ssh: { readonly user: string; readonly privateKey: pulumi.Output<string> };
  /** How servers that somebody ordered are checked. */
  readonly adoption: Omit<AdoptionArgs, "servers">;
  /** Whether what the program makes host keys from can't be deleted or replaced by an update. @default false */
  readonly protectKeys?: boolean;
  /** Needed for local machines only. */
  readonly local?: { readonly network: LocalNetwork; readonly baseImage: string };
  readonly guests?: GuestSettings;
}

/**
 * Makes or adopts the machine behind every node, in the order given.
 *
 * @throws Error when a node is of a kind that there are no settings for
 */
export function createMachines(nodes: readonly NodeSpec[], settings: MachineSettings): Machine[] {
  const { adoption, guests, local, protectKeys = false, ssh } = settings;
  const loginKey = { privateKey: ssh.privateKey, publicKey: ssh.privateKey.apply(publicKeyOf) };
  const hypervisors = createHypervisors(settings);
  const argsOf = (node: AdoptedSpec): AdoptedMachineArgs => ({ ...ssh, ...definedOf(node) });
  const servers = nodes.filter((node) => node.kind === "adopted").map((node) => adoptedServer(node.name, argsOf(node)));
  const fit = servers.length > 0 ? new Adoption("adoption", { servers, ...definedOf(adoption) }).passed : [];
  return nodes.map((node) => {
    switch (node.kind) {
      case "adopted":
        return new AdoptedMachine(node.name, { ...argsOf(node), after: fit });
      case "local":
        if (!local)
          throw new Error(`nodes ${node.name} — is local, and localMachines is not set; set it or adopt a server`);
        return Object.assign(new LocalMachine(node.name, { ...definedOf(node), ...local, loginKey, protectKeys }), {
          role: node.role,
        });
      case "libvirt": {
        const on = hypervisors.get(node.hypervisor);
        if (!guests || !on)
          throw new Error(
            `nodes ${node.name} — is on ${node.hypervisor}, which is no hypervisor; add it to hypervisors`,
          );
        const { cluster, etcdDirectory, network, stackId } = guests;
        const shared = definedOf({ cluster, etcdDirectory, network, stackId, user: ssh.user, loginKey, protectKeys });
        return new LibvirtMachine(node.name, { ...definedOf(node), ...shared, on });
      }
    }
  });
}

function createHypervisors({ guests, ssh }: MachineSettings): ReadonlyMap<string, Hypervisor> {
  const made = (guests?.hypervisors ?? []).map(({ name, ...args }) => {
    const { image, stackId } = guests as GuestSettings;
    return [name, new Hypervisor(name, { ...definedOf(args), privateKey: ssh.privateKey, image, stackId })] as const;
  });
  return new Map(made);
}

/** Without the keys whose value is undefined, which would hide a default. */
function definedOf<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
