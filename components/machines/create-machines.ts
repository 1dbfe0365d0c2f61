import type * as pulumi from "@pulumi/pulumi";
import { AdoptedMachine, adoptedServer, type AdoptedMachineArgs } from "./adopted-machine";
import { Adoption, type AdoptionArgs } from "./adoption";
import { Hypervisor, type HypervisorArgs } from "./hypervisor";
import { LibvirtMachine, type LibvirtMachineArgs } from "./libvirt-machine";
import { LocalMachine, type LocalMachineArgs, type LocalNetwork } from "./local-machine";
import type { Machine, Role } from "./machine";
import { publicKeyOf } from "./public-key";

/** What all guests of a stack have in common. */
type SharedByGuests = "on" | "network" | "cluster" | "stackId" | "etcdDirectory" | "protectKeys" | "user" | "loginKey";

/** A node as an environment names it; the kind decides what makes or adopts its machine. */
export type NodeSpec = { readonly name: string } & (
  | ({ readonly kind: "local"; readonly role: Role } & Pick<
      LocalMachineArgs,
      "address" | "hypervisor" | "memoryMiB" | "diskGiB"
    >)
  | ({ readonly kind: "adopted" } & AdoptedSpec)
  | ({ readonly kind: "libvirt"; readonly hypervisor: string } & Omit<LibvirtMachineArgs, SharedByGuests>)
);

type AdoptedSpec = Omit<AdoptedMachineArgs, "privateKey" | "after">;

/** Needed for guests only. */
interface GuestSettings extends Pick<LibvirtMachineArgs, "network" | "cluster" | "stackId" | "etcdDirectory"> {
  readonly hypervisors: readonly (Omit<HypervisorArgs, "privateKey" | "image" | "stackId"> & {
    readonly name: string;
  })[];
  readonly image: HypervisorArgs["image"];
}

export interface MachineSettings {
  /** Login to every machine: an OpenSSH private key (secret), and the user of guests. */
  readonly ssh: { readonly user: string; readonly privateKey: pulumi.Output<string> };
  /** How servers that somebody ordered are checked. */
  readonly adoption: Omit<AdoptionArgs, "servers">;
  /** Whether updates that would delete or replace the seed of a host key are refused. */
  readonly protectKeys: boolean;
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
  const { adoption, guests, local, protectKeys, ssh } = settings;
  const { privateKey } = ssh;
  const loginKey = { privateKey, publicKey: privateKey.apply(publicKeyOf) };
  const hypervisors = createHypervisors(settings);
  const servers = nodes
    .filter((node) => node.kind === "adopted")
    .map((node) => adoptedServer(node.name, { ...node, privateKey }));
  const fit = servers.length > 0 ? new Adoption("adoption", { servers, ...adoption }).passed : [];
  return nodes.map((node) => {
    switch (node.kind) {
      case "adopted":
        return new AdoptedMachine(node.name, { ...node, privateKey, after: fit });
      case "local":
        if (!local)
          throw new Error(`nodes ${node.name} — is local, and localMachines is not set; set it or adopt a server`);
        return Object.assign(new LocalMachine(node.name, { ...node, ...local, loginKey, protectKeys, binds: [] }), {
          role: node.role,
        });
      case "libvirt": {
        const on = hypervisors.get(node.hypervisor);
        if (!guests || !on)
          throw new Error(
            `nodes ${node.name} — is on ${node.hypervisor}, which is no hypervisor; add it to hypervisors`,
          );
        const { cluster, etcdDirectory, network, stackId } = guests;
        const shared = { cluster, etcdDirectory, network, stackId, user: ssh.user, loginKey, protectKeys };
        return new LibvirtMachine(node.name, { ...node, ...shared, on });
      }
    }
  });
}

function createHypervisors({ guests, ssh }: MachineSettings): ReadonlyMap<string, Hypervisor> {
  const made = (guests?.hypervisors ?? []).map(({ name, ...args }) => {
    const { image, stackId } = guests as GuestSettings;
    return [name, new Hypervisor(name, { ...args, privateKey: ssh.privateKey, image, stackId })] as const;
  });
  return new Map(made);
}
