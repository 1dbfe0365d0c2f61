import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { ArtifactList, ArtifactSource } from "../components/artifacts/artifact";
import type { StackNotice } from "./notices";
import type { adoptedNode, libvirtNode, localNode } from "./schema";
import type { StackFile } from "./schema";

export type LocalNode = Readonly<z.output<typeof localNode>>;
export type AdoptedNode = Readonly<z.output<typeof adoptedNode>>;
export type LibvirtNode = Readonly<z.output<typeof libvirtNode>>;

/** The image of new guests, with its one location and its one checksum. */
export interface GuestImage {
  /** An http(s) URL, or an absolute path on every hypervisor. */
  readonly location: string;
  readonly checksum: { readonly algorithm: "sha256" | "sha512"; readonly hex: string };
  readonly format: "raw" | "qcow2";
}

/**
 * A stack's configuration, whole and checked: files read, defaults filled in. `S` is how secrets are held: plain text
 * while it is being checked, secret outputs in the program.
 */
export interface StackConfig<S = pulumi.Output<string>> {
  readonly cluster: Readonly<StackFile["cluster"]>;
  /** The node network. */
  readonly network: Readonly<StackFile["network"]>;
  readonly versions: Readonly<StackFile["versions"]>;
  /** Version of the Sealed Secrets chart that brings `versions.sealedSecrets`. */
  readonly sealedSecretsChart: string;
  readonly artifacts: { readonly source: ArtifactSource; readonly list: ArtifactList };
  /** Login to every machine; `privateKey` ends in a newline. */
  readonly ssh: { readonly user: string; readonly privateKey: S };
  readonly nodes: readonly (LocalNode | AdoptedNode | LibvirtNode)[];
  /** Where libvirt nodes run; each of them names one. */
  readonly hypervisors: readonly Readonly<StackFile["hypervisors"][number]>[];
  /** What libvirt nodes start from; set where there are any. */
  readonly guestImage?: GuestImage;
  /** Set on the local platform only, like `localMachines`. */
  readonly hub?: Readonly<NonNullable<StackFile["hub"]>>;
  readonly localMachines?: { readonly bridge: string; readonly hostAddress: string };
  readonly diskGate: Readonly<StackFile["diskGate"]>;
  readonly gitops: {
    readonly repoURL: string;
    readonly targetRevision: string;
    readonly path: string;
    readonly applicationSets: boolean;
    readonly reconciliationSeconds: number;
    /** Unset for a repository over https. */
    readonly deployKey?: S;
    /** `<type> <base64>`, without host names. Empty for https, and for the hub, whose key the program makes. */
    readonly hostKeys: readonly string[];
    readonly nodePort?: number;
  };
  /** In the order of the configuration; none only in a preview of a stack that has no key pair yet. */
  readonly sealingKeys: readonly { readonly certificate: string; readonly privateKey: S }[];
  /** What an operator should know about the chosen versions. */
  readonly notices: readonly StackNotice[];
}
