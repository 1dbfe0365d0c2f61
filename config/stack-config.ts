import type * as pulumi from "@pulumi/pulumi";
import type { ArtifactList, ArtifactSource } from "../components/artifacts/artifact";
import type { Firewall } from "../components/addresses/sources";
import type { StackNotice } from "./notices";
import type { StackFile } from "./schema";

type Node = StackFile["nodes"][number];
type Adopted = Extract<Node, { kind: "adopted" }>;

/** The sections that the program gets as the schema makes them. */
type Unchanged =
  "cluster" | "network" | "versions" | "hypervisors" | "guestImage" | "hub" | "diskGate" | "upgrade" | "drain";

/**
 * A stack's configuration, whole and checked: files read, defaults filled in. `S` is how secrets are held: plain text
 * while they are being checked, secret outputs in the program.
 */
export interface StackConfig<S = pulumi.Output<string>> extends Readonly<Pick<StackFile, Unchanged>> {
  /** Who reaches the nodes, defaults filled in. */
  readonly firewall: Firewall;
  /** Version of the Sealed Secrets chart that brings `versions.sealedSecrets`. */
  readonly sealedSecretsChart: string;
  readonly artifacts: { readonly source: ArtifactSource; readonly list: ArtifactList };
  /** Login to every machine; `privateKey` ends in a newline. */
  readonly ssh: { readonly user: string; readonly privateKey: S };
  readonly nodes: readonly (Exclude<Node, Adopted> | (Adopted & { readonly user: string }))[];
  /** Set on the local platform only, like `hub`. */
  readonly localMachines?: { readonly bridge: string; readonly hostAddress: string };
  /** `deployKey` is unset for a repository over https; `hostKeys` is empty for https and for the hub, whose key the program makes. */
  readonly gitops: Omit<StackFile["gitops"], "deployKey" | "deployKeyFile"> & { readonly deployKey?: S };
  /** In the order of the configuration; none only in a preview of a stack that has no key pair yet. */
  readonly sealingKeys: readonly { readonly certificate: string; readonly privateKey: S }[];
  /** What an operator should know about the chosen versions. */
  readonly notices: readonly StackNotice[];
  /** Unset where none are taken. `recipient` is the public half of the stack's identity. */
  readonly snapshots?: { readonly everyHours: number; readonly recipient: string };
}
