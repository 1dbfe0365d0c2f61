import * as pulumi from "@pulumi/pulumi";
import { RemoteStep } from "../remote/remote-step";
import type { Steps } from "../remote/step-facts";
import { TOKENS } from "../tokens";
import type { Machine } from "./machine";
import { parseServerFacts } from "./server-facts";

export interface AdoptionArgs {
  /** The servers, as they are reached before anything was checked. */
  readonly servers: readonly Machine[];
  /** The ownership marker of the stack: a server with another one is refused. */
  readonly stackId: pulumi.Input<string>;
  /** A server that all nodes download from; their clocks are compared with its: `http://10.78.0.10`. */
  readonly clockUrl: string;
  /** Directory that will hold etcd. */
  readonly etcdDirectory: string;
  /** Whether the cluster is set up for servers that are containers. */
  readonly containers: boolean;
}

/** Free space needed for images, logs and etcd. */
const FREE_DISK_GIB = 8;

/** What kubeadm and the kubelet need, by role; a GiB is a little less than what a provider calls one. */
const CAPACITY = {
  "control-plane": { memoryMiB: 1700, cpus: 2 },
  worker: { memoryMiB: 900, cpus: 1 },
} as const;

/**
 * Looks at every server that was not made by this stack, before anything is done on any of them: each says everything
 * that is against it at once, then they are compared, because copies of one disk can't be told apart.
 *
 * Destroying it changes nothing.
 *
 * @example
 * const adoption = new Adoption("adoption", { servers, stackId, clockUrl: "https://dl.k8s.io" });
 */
export class Adoption extends pulumi.ComponentResource {
  /** What has to wait for every server to be found fit. */
  readonly passed: readonly pulumi.Resource[];

  constructor(name: string, args: AdoptionArgs, opts?: pulumi.ComponentResourceOptions) {
    super(TOKENS.adoption, name, { steps: stepsOf(name, args.servers) }, opts);
    const checks = args.servers.map((server) => ({ node: server.name, step: this.check(name, server, args) }));
    const steps = checks.map(({ step }) => step);
    const [first] = args.servers;
    const lines = pulumi.all(
      checks.map(({ node, step }) =>
        pulumi.unsecret(step.stdout).apply((stdout) => {
          const { hostname, machineId, mac } = parseServerFacts(node, stdout);
          return `${node} ${hostname} ${machineId} ${mac}`;
        }),
      ),
    );
    const comparison =
      first === undefined || args.servers.length < 2
        ? []
        : [
            new RemoteStep(
              `${name}-comparison`,
              {
                on: first,
                script: "adopted/compare-adopted.sh",
                env: { NODE_NAME: first.name, SERVERS: lines.apply((all) => all.join("\n")) },
                undo: "none",
                timeoutSeconds: 30,
              },
              { parent: this },
            ),
          ];
    this.passed = [...steps, ...comparison];
    this.registerOutputs({});
  }

  private check(name: string, server: Machine, args: AdoptionArgs): RemoteStep {
    const { memoryMiB, cpus } = CAPACITY[server.role];
    return new RemoteStep(
      `${name}-${server.name}`,
      {
        on: server,
        script: "adopted/check-adopted.sh",
        env: {
          NODE_NAME: server.name,
          NODE_ADDRESS: server.address,
          NODE_ROLE: server.role,
          STACK_ID: args.stackId,
          ETCD_DIRECTORY: args.etcdDirectory,
          CLOCK_URL: args.clockUrl,
          FREE_DISK_GIB: String(FREE_DISK_GIB),
          MEMORY_MIB: String(memoryMiB),
          CPUS: String(cpus),
          CONTAINER: args.containers ? "yes" : "",
        },
        undo: "none",
        timeoutSeconds: 60,
      },
      { parent: this },
    );
  }
}

function stepsOf(name: string, servers: readonly Machine[]): Steps {
  const checks = servers.map(
    ({ name: node }) => [`${name}-${node}`, { node, step: "adoption", summary: "checks the server" }] as const,
  );
  const comparison = { step: "comparison", summary: "compares the servers: copies of one disk can't be told apart" };
  return { ...Object.fromEntries(checks), ...(servers.length < 2 ? {} : { [`${name}-comparison`]: comparison }) };
}
