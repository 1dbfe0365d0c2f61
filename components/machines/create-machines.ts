import type * as pulumi from "@pulumi/pulumi";
import { AdoptedMachine, adoptedServer, type AdoptedMachineArgs } from "./adopted-machine";
import { Adoption, type AdoptionArgs } from "./adoption";
import { LocalMachine, type LocalNetwork } from "./local-machine";
import type { Machine, Role } from "./machine";
import { publicKeyOf } from "./public-key";

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
);

type AdoptedSpec = Extract<NodeSpec, { kind: "adopted" }>;

export interface MachineSettings {
  /** Login to every machine: the user unless a node names its own, and an OpenSSH private key (secret). */
  readonly ssh: { readonly user: string; readonly privateKey: pulumi.Output<string> };
  /** How servers that somebody ordered are checked. */
  readonly adoption: Omit<AdoptionArgs, "servers">;
  /** Needed for local machines only. */
  readonly local?: { readonly network: LocalNetwork; readonly baseImage: string };
}

/**
 * Makes or adopts the machine behind every node, in the order given.
 *
 * @throws Error when a node is local and there are no settings for local machines
 */
export function createMachines(nodes: readonly NodeSpec[], settings: MachineSettings): Machine[] {
  const { adoption, ssh, local } = settings;
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
        return new LocalMachine(node.name, {
          ...definedOf(node),
          ...local,
          loginKey: { privateKey: ssh.privateKey, publicKey: ssh.privateKey.apply(publicKeyOf) },
        });
    }
  });
}

/** Without the keys whose value is undefined, which would hide a default. */
function definedOf<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
