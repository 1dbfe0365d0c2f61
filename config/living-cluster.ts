import * as pulumi from "@pulumi/pulumi";
import { version } from "../package.json";
import { type Problem, problem, shown } from "./problem";
import type { StackConfig } from "./stack-config";

/** What the stack's outputs say of the cluster that the last update left, as far as a configuration can contradict it. */
export interface LivingCluster {
  readonly name: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** The version that its kubeadm configuration has: `1.27.4`. */
  readonly kubernetes: string;
  readonly controlPlanes: readonly {
    readonly name: string;
    readonly address: string;
    /** An adopted server's is its host key. */
    readonly identity: string;
  }[];
  /** Names of all members; unset by programs that upgraded none. */
  readonly nodes?: readonly string[];
  /** Whether kubeadm's configuration has what hardens it; unset by programs that hardened none. */
  readonly hardened?: boolean;
}

/** The stack's output `versions`: what ran when the last update ended. */
type RunningVersions = Readonly<Record<string, string>>;

/** The parts of the configuration that a living cluster binds. */
export type BoundConfig = Pick<StackConfig, "cluster" | "nodes" | "versions">;

/** The version of this program, for the stack's outputs: an older one refuses the stack. */
export const PROGRAM_VERSION = version;

/** The stack's own outputs, as far as the next update reads them: secrets in clear. */
export interface LastOutputs {
  readonly founded?: LivingCluster;
  readonly certificates?: { readonly notAfter: string; readonly renewed: string };
  readonly kubeconfig?: string;
  readonly endpoint?: string;
  readonly program?: string;
  readonly nodes?: readonly { readonly name: string; readonly role: string }[];
  readonly versions?: RunningVersions;
}

/**
 * Refuses a state that a newer program made, and a configuration that would need another cluster than the one that lives.
 * Previews and updates refuse alike, before any resource is registered: no connection is opened. The facts are the stack's
 * own outputs.
 *
 * @returns what the last update left
 * @throws pulumi.RunError, asynchronously: every resource waits for the answer
 */
export function keepLivingCluster(config: BoundConfig): pulumi.Output<LastOutputs> {
  // A program under mocks runs in no stack, and has no state to be compared with.
  if (!pulumi.runtime.getStackResource()) return pulumi.output({});
  const stack = pulumi.getStack();
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  // Not a StackReference: that is a resource, which would keep a second copy of every output in the state.
  const answer = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name }) as Promise<{
    outputs?: LastOutputs;
  }>;
  const checked = answer.then(({ outputs }): pulumi.Resource[] => {
    refuseOlderProgram(stack, outputs?.program);
    const problems = outputs?.founded ? checkLivingCluster(config, outputs.founded, outputs.versions) : [];
    if (problems.length === 0) return [];
    throw refusal(stack, problems);
  });
  pulumi.runtime.registerStackTransformation(({ props, opts }) => ({
    props,
    opts: pulumi.mergeOptions(opts, { dependsOn: pulumi.output(checked) }),
  }));
  return pulumi.output(answer).apply(({ outputs }): LastOutputs => outputs ?? {});
}

/** What a newer program left may mean something else to an older one. A state without a version is of 0.1.0. */
export function refuseOlderProgram(stack: string, made: string | undefined, own = PROGRAM_VERSION): void {
  if (made === undefined) return;
  const [major, minor, patch] = difference(own, made);
  if ((major || minor || patch) >= 0) return;
  throw plainError(
    `stack ${stack} — version ${made} of this program made its state, and this is ${own}, which is older; nothing was changed. ` +
      `Check out version ${made} or a later one, and run again`,
  );
}

/** Everything about a configuration that a living cluster can't follow. */
export function checkLivingCluster(
  { cluster, nodes, versions }: BoundConfig,
  living: LivingCluster,
  running: RunningVersions = {},
): Problem[] {
  const problems: Problem[] = [];
  const fixed = [
    ["cluster.name", cluster.name, living.name],
    ["cluster.podSubnet", cluster.podSubnet, living.podSubnet],
    ["cluster.serviceSubnet", cluster.serviceSubnet, living.serviceSubnet],
  ] as const;
  for (const [key, got, need] of fixed) {
    if (got !== need) problems.push(immutable(key, got, need));
  }
  if (cluster.unhardened && living.hardened) {
    const text = "can't be set on a cluster that is hardened: its Secrets are encrypted; take it out of the stack file";
    problems.push(problem("cluster.unhardened", text));
  }
  problems.push(...checkServers(nodes, living));
  return [...problems, ...checkVersion({ cluster, nodes, versions }, living), ...checkArgoCd(versions, running)];
}

function immutable(key: string, got: string, need: string): Problem {
  return problem(
    key,
    `can't be changed on a living cluster (got ${shown(got)}, need ${shown(need)}); put ${need} back, or destroy the ` +
      "stack and bring it up anew",
  );
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

/**
 * Refuses an older Argo CD than the one that runs: its definitions would drop the fields that newer Applications have. An
 * upgrade that failed midway left the older version in the output, so that it can be taken back.
 */
function checkArgoCd({ argocd: wanted }: BoundConfig["versions"], { argocd: running }: RunningVersions): Problem[] {
  if (running === undefined || !/^\d+\.\d+\.\d+$/.test(running)) return [];
  const [major, minor, patch] = difference(wanted, running);
  if ((major || minor || patch) >= 0) return [];
  return [
    problem(
      "versions.argocd",
      `${wanted} can't replace the ${running} that runs: its older definitions would drop fields of Applications; put ` +
        `${running} back`,
    ),
  ];
}

function difference(wanted: string, running: string): [number, number, number] {
  const [left, right] = [wanted, running].map((text) => text.split(".").map(Number));
  const at = (index: number): number => (left?.[index] ?? 0) - (right?.[index] ?? 0);
  return [at(0), at(1), at(2)];
}

/** Without a stack Pulumi prints the message alone. */
function refusal(stack: string, problems: readonly Problem[]): pulumi.RunError {
  const lines = problems.map(({ sentence }) => `  - ${sentence}`);
  return plainError(
    [`The living cluster of stack ${stack} can't become what is configured; nothing was changed:`, ...lines].join("\n"),
  );
}

function plainError(text: string): pulumi.RunError {
  const error = new pulumi.RunError(text);
  error.stack = undefined;
  return error;
}
