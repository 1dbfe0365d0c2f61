import * as pulumi from "@pulumi/pulumi";
import { type Problem, problem, shown } from "./problem";
import type { StackConfig } from "./stack-config";

/** What the stack's outputs say of the cluster that the last update left. */
export interface LivingCluster {
  readonly name: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** The version that its kubeadm configuration has: `1.27.4`. */
  readonly kubernetes: string;
  /** The first one founded it. */
  readonly controlPlanes: readonly {
    readonly name: string;
    readonly address: string;
    /** An adopted server's is its host key. */
    readonly identity: string;
  }[];
  /** Names of all members; unset by programs that upgraded none. */
  readonly nodes?: readonly string[];
}

/** The parts of the configuration that a living cluster binds. */
export type BoundConfig = Pick<StackConfig, "cluster" | "nodes" | "versions">;

/**
 * Refuses a configuration that would need another cluster than the one that lives, in previews and updates alike, before
 * any resource is registered: no connection is opened. The facts are the stack's own output `founded`.
 *
 * @throws pulumi.RunError, asynchronously: every resource waits for the answer
 */
export function keepLivingCluster(config: BoundConfig): void {
  // A program under mocks runs in no stack, and has no state to be compared with.
  if (!pulumi.runtime.getStackResource()) return;
  const stack = pulumi.getStack();
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  // Not a StackReference: that is a resource, which would keep a second copy of every output in the state.
  const answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }) as Promise<{
    outputs?: { readonly founded?: LivingCluster };
  }>;
  const checked = answer.then(({ outputs }): pulumi.Resource[] => {
    const problems = outputs?.founded ? checkLivingCluster(config, outputs.founded) : [];
    if (problems.length === 0) return [];
    throw refusal(stack, problems);
  });
  pulumi.runtime.registerStackTransformation(({ props, opts }) => ({
    props,
    opts: pulumi.mergeOptions(opts, { dependsOn: pulumi.output(checked) }),
  }));
}

/** Everything about a configuration that a living cluster can't follow. */
export function checkLivingCluster({ cluster, nodes, versions }: BoundConfig, living: LivingCluster): Problem[] {
  const problems: Problem[] = [];
  const fixed = [
    ["cluster.name", cluster.name, living.name],
    ["cluster.podSubnet", cluster.podSubnet, living.podSubnet],
    ["cluster.serviceSubnet", cluster.serviceSubnet, living.serviceSubnet],
  ] as const;
  for (const [key, got, need] of fixed) {
    if (got !== need) problems.push(immutable(key, got, need));
  }
  problems.push(...checkFounder(nodes, living), ...checkServers(nodes, living));
  return [...problems, ...checkVersion({ cluster, nodes, versions }, living)];
}

function immutable(key: string, got: string, need: string): Problem {
  return problem(
    key,
    `can't be changed on a living cluster (got ${shown(got)}, need ${shown(need)}); put ${need} back, or destroy the ` +
      "stack and bring it up anew",
  );
}

/** Until no control plane is special: another first one would take the living ones out of etcd. */
function checkFounder(nodes: BoundConfig["nodes"], { controlPlanes: [founder] }: LivingCluster): Problem[] {
  const index = nodes.findIndex(({ role }) => role === "control-plane");
  const first = nodes[index];
  if (!founder || !first || first.name === founder.name) return [];
  const cure = nodes.some(({ name }) => name === founder.name)
    ? `put ${founder.name} before it again`
    : `put ${founder.name} back, or follow docs/runbooks/lost-control-plane.md if it is lost`;
  return [
    problem(
      `nodes[${index}].name`,
      `${first.name} can't be the first control plane of a living cluster, which ${founder.name} founded; ${cure}`,
    ),
  ];
}

/** An etcd member is bound to its address, and a Node to its name; a server with another host key is another server. */
function checkServers(nodes: BoundConfig["nodes"], { controlPlanes }: LivingCluster): Problem[] {
  return nodes.flatMap((node, index) => {
    if (node.kind !== "adopted" || node.role !== "control-plane") return [];
    const member = controlPlanes.find(({ identity }) => identity === node.hostKey);
    if (!member) return [];
    const cure = "or remove the node in one update and add it in the next";
    const moved = (["name", "address"] as const).filter((field) => node[field] !== member[field]);
    return moved.map((field) =>
      problem(
        `nodes[${index}].${field}`,
        `${node[field]} can't take the place of ${member[field]} while the same server is a control plane (its host ` +
          `key is the same); put ${member[field]} back, ${cure}`,
      ),
    );
  });
}

/** kubeadm upgrades to a later patch of the same minor version, and to the next minor version. */
function checkVersion({ nodes, versions }: BoundConfig, living: LivingCluster): Problem[] {
  const [wanted, running] = [versions.kubernetes, living.kubernetes];
  const [major, minor, patch] = difference(wanted, running);
  if (major === 0 && minor === 0 && patch === 0) return [];
  const why =
    (major || minor || patch) < 0
      ? "Kubernetes has no way back to an older version"
      : major > 0 || minor > 1
        ? "Kubernetes is upgraded one minor version at a time"
        : undefined;
  const problems = why ? [`${wanted} can't replace the ${running} that runs: ${why}; put ${running} back`] : [];
  const added = nodes.filter(({ name }) => living.nodes?.includes(name) === false).map(({ name }) => name);
  if (!why && added.length > 0) {
    problems.push(
      `${wanted} can't replace the ${running} that runs while ${added.join(" and ")} joins; add nodes in one update, ` +
        "and upgrade in another",
    );
  }
  return problems.map((text) => problem("versions.kubernetes", text));
}

function difference(wanted: string, running: string): [number, number, number] {
  const [left, right] = [wanted, running].map((text) => text.split(".").map(Number));
  const at = (index: number): number => (left?.[index] ?? 0) - (right?.[index] ?? 0);
  return [at(0), at(1), at(2)];
}

/** Without a stack Pulumi prints the message alone. */
function refusal(stack: string, problems: readonly Problem[]): pulumi.RunError {
  const lines = problems.map(({ sentence }) => `  - ${sentence}`);
  const error = new pulumi.RunError(
    [`The living cluster of stack ${stack} can't become what is configured; nothing was changed:`, ...lines].join("\n"),
  );
  error.stack = undefined;
  return error;
}
