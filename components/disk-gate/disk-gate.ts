import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../machines/machine";
import { RemoteStep } from "../remote/remote-step";
import type { StepFacts, Steps } from "../remote/step-facts";
import { TOKENS } from "../tokens";
import { sharedHypervisors, type SharedHypervisor } from "./shared-hypervisors";
import { parseGateResult, type GateResult } from "./measurement";

export interface DiskGateArgs {
  /** Every machine that will hold an etcd member. */
  readonly nodes: readonly Machine[];
  /** The stack's other machines. Up to three on the hypervisor of an etcd node write while it is measured again. */
  readonly neighbours: readonly Machine[];
  /** The 99th percentile of fdatasync must not exceed it, in milliseconds. */
  readonly limitMs: number;
  /** Length of a second pass against burst credit, in seconds; the worse pass counts. 0: no second pass. */
  readonly sustainedSeconds: number;
  /** CPU time that the hypervisor takes meanwhile, in percent: above it the result warns. */
  readonly stealWarnPercent: number;
  /** … and above it the node is refused. */
  readonly stealLimitPercent: number;
  /** 99th percentile of the round trips to each other etcd node, in ms: above it the result warns. */
  readonly roundTripWarnMs: number;
  /** … and above it, or when a ping is lost, the node is refused. */
  readonly roundTripLimitMs: number;
  /** Directory that will hold etcd. */
  readonly directory: string;
  /** Lets what is over its limit pass; the result then says `overridden` and why. */
  readonly override?: { readonly reason: string };
}

/** How often a disk is measured at most (scripts/remote/disk-gate/measure-fsync.sh). */
const MEASUREMENTS = 3;

/**
 * Refuses to go on when one etcd node's disk can't fsync fast enough: fio, in etcd's own pattern, on the file system
 * that will hold etcd, before anything of Kubernetes is there.
 *
 * The script decides and fails on the node, so that a failed measurement is not stored and the next `up` measures
 * again. A disk over the limit on a contended CPU is measured up to three times. Once etcd lives there, the earlier result
 * stands. CPU steal and the network to the other etcd nodes are measured in the same step. Nodes that share a hypervisor are measured one after the other, and then once more together: two
 * quick virtual disks may be one slow disk. Destroying it removes the kept result, and packages that it installed.
 *
 * @example
 * const gate = new DiskGate("production", { nodes: controlPlanes, neighbours: workers, limitMs: 10, directory: "/var/lib/etcd", … });
 * new KubernetesCluster("production", { …, after: gate.passed });
 */
export class DiskGate extends pulumi.ComponentResource {
  /** By node name. Not secret. */
  readonly results: Readonly<Record<string, pulumi.Output<GateResult>>>;
  /** What has to wait for every node's pass. */
  readonly passed: readonly pulumi.Resource[];

  constructor(name: string, args: DiskGateArgs, opts?: pulumi.ComponentResourceOptions) {
    const groups = sharedHypervisors(args.nodes, args.neighbours);
    const { directory, limitMs, stealLimitPercent, sustainedSeconds } = args;
    const verdict = { limitMs, override: args.override?.reason ?? "" };
    super(
      TOKENS.diskGate,
      name,
      { ...verdict, directory, stealLimitPercent, sustainedSeconds, steps: stepsOf(name, args, groups) },
      opts,
    );
    const alone = this.measureAlone(name, args, groups);
    const together: { readonly node: Machine; readonly step: RemoteStep }[] = [];
    let before: RemoteStep[] = [];
    for (const group of groups) {
      // One hypervisor after the other: all members of a group have to run at the same time, and steps are limited.
      before = group.members.map((node) => {
        const step = this.measureTogether(name, node, group, alone, before, args);
        together.push({ node, step });
        return step;
      });
    }
    this.passed = [...alone.values(), ...together.map(({ step }) => step)];
    const steps = args.nodes.map((node) => ({
      node: node.name,
      step: together.find((joint) => joint.node === node)?.step ?? alone.get(node.name),
    }));
    this.results = Object.fromEntries(
      steps.flatMap(({ node, step }) => (step ? [[node, this.resultOf(node, step)] as const] : [])),
    );
    // Rules about the whole stack see outputs only.
    this.registerOutputs({ results: this.results, ...verdict });
  }

  /** On machines that share a hypervisor one after the other, on the others all at once. */
  private measureAlone(name: string, args: DiskGateArgs, groups: readonly SharedHypervisor[]): Map<string, RemoteStep> {
    const steps = new Map<string, RemoteStep>();
    for (const node of args.nodes) {
      const group = groups.find(({ judged }) => judged.includes(node));
      const earlier = (group?.judged ?? []).flatMap((judged) => steps.get(judged.name) ?? []);
      // A neighbour that is still being copied and booted would write too.
      const neighbours = (group?.machines ?? []).flatMap(({ ready }) => ready);
      steps.set(node.name, this.measure(name, node, args, [...earlier, ...neighbours]));
    }
    return steps;
  }

  private measure(name: string, node: Machine, args: DiskGateArgs, dependsOn: pulumi.Resource[]): RemoteStep {
    const { sustainedSeconds } = args;
    const peers = args.nodes.filter((other) => other !== node);
    return new RemoteStep(
      `${name}-${node.name}`,
      {
        on: node,
        script: "disk-gate/measure-fsync.sh",
        env: {
          ...gateEnv(node, args),
          SUSTAINED_SECONDS: String(sustainedSeconds),
          STEAL_PERCENT: `${args.stealWarnPercent} ${args.stealLimitPercent}`,
          PEERS: lines(peers),
          ROUND_TRIP_MS: `${args.roundTripWarnMs} ${args.roundTripLimitMs}`,
        },
        undo: "script",
        timeoutSeconds: 600 + MEASUREMENTS * sustainedSeconds,
      },
      // A peer that is not up yet would lose every ping.
      { parent: this, dependsOn: [...dependsOn, ...peers.flatMap(({ ready }) => ready)] },
    );
  }

  private measureTogether(
    name: string,
    node: Machine,
    group: SharedHypervisor,
    alone: ReadonlyMap<string, RemoteStep>,
    before: readonly RemoteStep[],
    args: DiskGateArgs,
  ): RemoteStep {
    const first = group.judged.flatMap((judged) => alone.get(judged.name) ?? []);
    return new RemoteStep(
      `${name}-${node.name}-together`,
      {
        on: node,
        script: "disk-gate/measure-together.sh",
        env: {
          ...gateEnv(node, args),
          NODE_ADDRESS: node.address,
          HYPERVISOR: group.hypervisor,
          JUDGED: lines(group.judged),
          OTHERS: lines(group.members.filter((member) => !group.judged.includes(member))),
        },
        // Its result holds that of the machine alone, so it changes with it.
        rerunOn: first.filter((step) => step === alone.get(node.name)).map((step) => step.stdout),
        undo: "script",
        timeoutSeconds: 600,
      },
      { parent: this, dependsOn: [...before, ...first, ...group.members.flatMap(({ ready }) => ready)] },
    );
  }

  /** Says what the result warns of at every run, until it is better. */
  private resultOf(node: string, step: RemoteStep): pulumi.Output<GateResult> {
    return pulumi.unsecret(step.stdout).apply(async (stdout) => {
      const result = parseGateResult(node, stdout);
      for (const warning of result.warnings) await pulumi.log.warn(`[disk-gate] ${node}: ${warning}`, this);
      return result;
    });
  }
}

function stepsOf(name: string, { nodes }: DiskGateArgs, groups: readonly SharedHypervisor[]): Steps {
  const alone = nodes.map(({ name: node }): [string, StepFacts] => {
    return [`${name}-${node}`, { node, step: "disk-gate", summary: "measures the disk that will hold etcd" }];
  });
  const together = groups.flatMap(({ hypervisor, members }) =>
    members.map(({ name: node }): [string, StepFacts] => {
      const summary = `measures it once more, together with the others on ${hypervisor}`;
      return [`${name}-${node}-together`, { node, step: "disk-gate-together", summary }];
    }),
  );
  return Object.fromEntries<Steps[string]>([...alone, ...together]);
}

function gateEnv(node: Machine, args: DiskGateArgs): Record<string, string> {
  return {
    NODE_NAME: node.name,
    GATE_DIRECTORY: args.directory,
    LIMIT_NS: String(Math.round(args.limitMs * 1_000_000)),
    OVERRIDE_REASON: args.override?.reason ?? "",
  };
}

function lines(machines: readonly Machine[]): string {
  return machines.map(({ name, address }) => `${name} ${address}`).join("\n");
}
