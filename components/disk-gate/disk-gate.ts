import * as pulumi from "@pulumi/pulumi";
import type { Machine } from "../machines/machine";
import { RemoteStep } from "../remote/remote-step";
import { parseGateResult, type GateResult } from "./measurement";

export interface DiskGateArgs {
  /** Every machine that will hold an etcd member. */
  readonly nodes: readonly Machine[];
  /** The 99th percentile of fdatasync must not exceed it, in milliseconds. @default 10 */
  readonly limitMs?: number;
  /** Length of a second pass against burst credit, in seconds; the worse pass counts. @default 0, no second pass */
  readonly sustainedSeconds?: number;
  /** Directory that will hold etcd. @default /var/lib/etcd */
  readonly directory?: string;
  /** Lets a slow disk pass; the result then says `overridden` and why. */
  readonly override?: { readonly reason: string };
}

/**
 * Refuses to go on when one etcd node's disk can't fsync fast enough: fio, in etcd's own pattern, on the file system
 * that will hold etcd, before anything of Kubernetes is there.
 *
 * The script decides and fails on the node, so that a failed measurement is not stored and the next `up` measures
 * again. Once etcd lives there, the earlier result stands. Destroying it removes only the kept result.
 *
 * @example
 * const gate = new DiskGate("production", { nodes: controlPlanes });
 * new KubernetesCluster("production", { …, after: gate.passed });
 */
export class DiskGate extends pulumi.ComponentResource {
  /** By node name. Not secret. */
  readonly results: Readonly<Record<string, pulumi.Output<GateResult>>>;
  /** What has to wait for every node's pass. */
  readonly passed: readonly pulumi.Resource[];

  constructor(name: string, args: DiskGateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("gitops-platform:disk-gate:DiskGate", name, {}, opts);
    const steps = args.nodes.map((node) => ({ node: node.name, step: this.measure(name, node, args) }));
    this.passed = steps.map(({ step }) => step);
    this.results = Object.fromEntries(
      steps.map(({ node, step }) => [
        node,
        pulumi.unsecret(step.stdout).apply((stdout) => parseGateResult(node, stdout)),
      ]),
    );
    // Policies read the limit and the override here, before anything was measured.
    this.registerOutputs({ results: this.results, limitMs: limitOf(args), override: args.override?.reason ?? "" });
  }

  private measure(name: string, node: Machine, args: DiskGateArgs): RemoteStep {
    const sustainedSeconds = args.sustainedSeconds ?? 0;
    return new RemoteStep(
      `${name}-${node.name}`,
      {
        on: node,
        script: "disk-gate/measure-fsync.sh",
        env: {
          NODE_NAME: node.name,
          GATE_DIRECTORY: args.directory ?? "/var/lib/etcd",
          LIMIT_NS: String(Math.round(limitOf(args) * 1_000_000)),
          SUSTAINED_SECONDS: String(sustainedSeconds),
          OVERRIDE_REASON: args.override?.reason ?? "",
        },
        undo: "script",
        timeoutSeconds: 300 + sustainedSeconds,
      },
      { parent: this },
    );
  }
}

function limitOf({ limitMs }: DiskGateArgs): number {
  return limitMs ?? 10;
}
