import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { Machine } from "../machines/machine";
import { type FoundedCluster, isOfFirstRelease, type LastUpdate, type LivingCluster } from "./last-update";

/** The living cluster of a stack, and which of its control planes are still the machines that they were. */
export class Survivors {
  private readonly living: pulumi.Output<LivingCluster | undefined>;

  constructor(
    private readonly last: pulumi.Output<LastUpdate>,
    private readonly controlPlanes: readonly [Machine, ...Machine[]],
    private readonly restore = "",
  ) {
    this.living = last.apply(({ founded }) => founded);
  }

  /** Whether the machine was a member when the last update ended. It is unknown in a preview that makes the machine anew. */
  isMember(machine: Machine): pulumi.Output<boolean> {
    return pulumi
      .all([this.living, machine.identity])
      .apply(
        ([living, identity]) =>
          living?.controlPlanes.some((known) => known.name === machine.name && known.identity === identity) ?? false,
      );
  }

  /** Name of the control plane that founds a cluster when no other one answers. */
  founder(): pulumi.Output<string> {
    return this.living.apply((living) => {
      const known = living ? this.known(living) : [];
      if (!living || known.length === 0) return this.controlPlanes[0].name;
      const founder = living.founder ?? living.controlPlanes[0]?.name ?? "";
      return known.some(({ name }) => name === founder) ? founder : "";
    });
  }

  /** The snapshot that the founder founds the cluster with, or did: it stays the step's input as long as the machine. */
  restored(): pulumi.Output<string> {
    return this.founder().apply((name): pulumi.Output<string> => {
      const machine = this.controlPlanes.find((node) => node.name === name);
      if (!machine) return pulumi.output("");
      return pulumi
        .all([this.living, this.isMember(machine)])
        .apply(([living, member]) => this.restore || (member ? (living?.restored ?? "") : ""));
    });
  }

  /**
   * What identifies the cluster: it stays while the CA stays, whichever machines come and go. It must depend on no machine: when
   * one is replaced, Pulumi first deletes what would be replaced if everything of that machine were unknown.
   *
   * @param caCertificate of the cluster as it is after this update
   */
  identity(caCertificate: pulumi.Output<string>): pulumi.Output<string> {
    const own = caCertificate.apply((ca) => createHash("sha256").update(ca).digest("hex"));
    return this.last.apply((last): pulumi.Output<string> => {
      const { founded: living } = last;
      if (isOfFirstRelease(last)) return this.identityOfFirst(last) ?? own;
      const known = living ? this.known(living) : [];
      const identity = living?.identity ?? living?.controlPlanes[0]?.identity;
      const [one] = known;
      if (!living || !one || identity === undefined) return own;
      if (!pulumi.runtime.isDryRun())
        return caCertificate.apply((ca) => (isOf(living, ca) ? pulumi.output(identity) : own));
      // A preview can't ask the cluster. It is another one when its only control plane is another machine.
      if (known.length > 1) return pulumi.output(identity);
      return this.isMember(one).apply((member) => (member ? pulumi.output(identity) : own));
    });
  }

  /** Of the machine by which 0.1.0 identified a cluster. The first update with this program keeps it, and depends on no machine since. */
  private identityOfFirst({ nodes = [] }: LastUpdate): pulumi.Output<string> | undefined {
    const name = nodes.find(({ role }) => role === "control-plane")?.name;
    const machine = this.controlPlanes.find((one) => one.name === name);
    return machine && pulumi.output(machine.identity);
  }

  /** Those that the stack still has by name, unless it says that another server has the name now. */
  private known(living: LivingCluster): readonly Machine[] {
    return this.controlPlanes.filter(({ name, identity }) =>
      living.controlPlanes.some((known) => {
        return known.name === name && (typeof identity !== "string" || known.identity === identity);
      }),
    );
  }
}

/** Programs that left no CA certificate replaced no control plane of a living cluster. */
function isOf({ caCertificate }: LivingCluster, ca: string): boolean {
  return caCertificate === undefined || caCertificate === ca;
}

/**
 * @param founding what the join of a control plane printed: not secret
 * @param turn what activate-node.sh printed on the last control plane: the version that the cluster has since
 */
export function foundedCluster(
  founding: pulumi.Output<string>,
  turn: pulumi.Output<string>,
  controlPlanes: readonly Machine[],
  workers: readonly Machine[],
  rest: pulumi.Output<Pick<FoundedCluster, "founder" | "identity" | "restored">>,
): pulumi.Output<FoundedCluster> {
  type Facts = Pick<FoundedCluster, "name" | "podSubnet" | "serviceSubnet" | "kubernetes" | "hardened">;
  const read = (text: string) => JSON.parse(text) as { readonly cluster: Facts; readonly caCertificate: string };
  return pulumi.all([founding, turn, rest]).apply(([first, last, { founder, identity, restored }]) => ({
    ...read(first).cluster,
    ...read(last).cluster,
    controlPlanes: controlPlanes.map(({ name, address, identity: machine }) => ({ name, address, identity: machine })),
    nodes: [...controlPlanes, ...workers].map(({ name }) => name),
    founder,
    restored,
    caCertificate: read(first).caCertificate,
    identity,
  }));
}
