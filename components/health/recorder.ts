import * as pulumi from "@pulumi/pulumi";
import { sharedHypervisors } from "../disk-gate/shared-hypervisors";
import type { Machine } from "../machines/machine";
import { RemoteStep, scriptText } from "../remote/remote-step";
import { TOKENS } from "../tokens";

export interface RecorderArgs {
  /** Every machine that holds an etcd member. */
  readonly controlPlanes: readonly Machine[];
  /** The stack's other machines. Those on the hypervisor of a control plane are recorded too: they share its disk. */
  readonly workers: readonly Machine[];
  /** Whether all machines are on the operator's own computer. */
  readonly oneComputer: boolean;
  /** Directory that holds etcd. */
  readonly etcdDirectory: string;
  readonly stackId: pulumi.Input<string>;
  /** What makes the machines members. A recorder needs a node that this stack owns. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * Records once a minute, on the node itself, how etcd, its disk and the CPUs are. `npm run health` reads it over SSH, with the
 * API down as well. A step of its own: an update that installs it stages nothing and restarts nothing. Destroying it removes
 * timer and history.
 *
 * @example
 * new Recorder("health", { controlPlanes, workers, oneComputer: false, etcdDirectory: "/var/lib/etcd", stackId, after: cluster.complete });
 */
export class Recorder extends pulumi.ComponentResource {
  constructor(name: string, args: RecorderArgs, opts?: pulumi.ComponentResourceOptions) {
    const { after, controlPlanes, etcdDirectory, stackId } = args;
    const nodes = recordedNodes(args);
    const summary = "notes once a minute how etcd, disk and CPUs are";
    const steps = nodes.map(({ name: node }) => [`${name}-${node}`, { node, step: "recorder", summary }] as const);
    super(TOKENS.recorder, name, { nodes: nodes.map((node) => node.name), steps: Object.fromEntries(steps) }, opts);
    for (const node of nodes) {
      const etcd = controlPlanes.includes(node);
      const recorder = scriptText("health/record.sh", {
        NODE_NAME: node.name,
        DIRECTORY: etcd ? etcdDirectory : "/var/lib/containerd",
        METRICS_URL: etcd ? "http://127.0.0.1:2381/metrics" : "",
      });
      new RemoteStep(
        `${name}-${node.name}`,
        {
          on: node,
          script: "health/install-recorder.sh",
          env: { NODE_NAME: node.name, STACK_ID: stackId, RECORDER_SCRIPT: recorder },
          undo: "script",
        },
        { parent: this, dependsOn: [...after] },
      );
    }
    this.registerOutputs({});
  }
}

/** The control planes, then whoever shares a hypervisor with one. */
function recordedNodes({ controlPlanes, oneComputer, workers }: RecorderArgs): readonly Machine[] {
  if (oneComputer) return [...controlPlanes, ...workers];
  const beside = new Set(sharedHypervisors(controlPlanes, workers).flatMap(({ machines }) => machines));
  return [...controlPlanes, ...workers.filter((worker) => beside.has(worker))];
}
