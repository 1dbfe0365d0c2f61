import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { redacted } from "@gitops-platform/cli/redaction";
import { unhealthyApplications } from "./drift/applications";
import { exportState, refreshCluster } from "./drift/cluster";
import { type ExpectedNode, expectedNodes, silentNodes } from "./drift/expected";
import { type Blind, exitCodeOf, type Finding } from "./drift/finding";
import { type ExpectedHypervisor, expectedGuests, judgeGuests } from "./drift/guests";
import { lookInTurn } from "./drift/in-turn";
import { judgeNode, notesOn } from "./drift/judge";
import { observeGuests, observeNode, repairNode } from "./drift/nodes";
import type { ObservedNode } from "./drift/observed";
import { renderJson, renderReport } from "./drift/report";
import { judgeSnapshots, snapshotHours } from "./drift/snapshots";
import { modelOf } from "../lib/stack-model";
import { fsyncNotes } from "./health/judge";
import { accessStack } from "./access/stack-access";
import { outputsOf } from "../lib/stack-state";
import { holdPlatform } from "../local/platform/exclusive";

interface Looked {
  readonly findings: readonly Finding[];
  readonly blind: readonly Blind[];
  readonly notes: readonly string[];
  /** Unset for what is no node, or could not be looked at. */
  readonly observed?: ObservedNode;
}

function lookAt(node: ExpectedNode, measureDisk: boolean): Promise<Looked> {
  return tryLook(node.name, async () => {
    const observed = await observeNode(node, measureDisk);
    const notes = [...notesOn(node, observed), ...fsyncNotes(node, observed)];
    return { findings: judgeNode(node, observed), blind: [], notes, observed };
  });
}

function lookAtGuests(hypervisor: ExpectedHypervisor): Promise<Looked> {
  return tryLook(hypervisor.name, async () => {
    return { findings: judgeGuests(hypervisor, await observeGuests(hypervisor)), blind: [], notes: [] };
  });
}

/** Reports what can't be looked at; the rest is compared all the same. */
async function tryLook(where: string, look: () => Promise<Looked>): Promise<Looked> {
  try {
    return await look();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { findings: [], blind: [{ where, reason }], notes: [] };
  }
}

/** What was seen of each control plane; undefined for one that was not looked at. */
function etcdNodes(
  model: ReturnType<typeof modelOf>,
  nodes: readonly ExpectedNode[],
  looked: readonly Looked[],
): readonly (ObservedNode | undefined)[] {
  const names = model.nodes.flatMap(({ name, role }) => (role === "control-plane" ? [name] : []));
  return names.map((name) => looked[nodes.findIndex((node) => node.name === name)]?.observed);
}

/**
 * One node after the other, because a step may drain its node, and none after one whose steps failed: that one may be away.
 * Progress goes to stderr: stdout is the report's.
 */
async function repairDrifted(nodes: readonly ExpectedNode[]): Promise<void> {
  const looks = await Promise.all(nodes.map(async (node) => ({ node, seen: await lookAt(node, false) })));
  const drifted = looks.filter(({ seen }) => seen.findings.length > 0).map(({ node }) => node);
  for (const [index, node] of drifted.entries()) {
    process.stderr.write(`${node.name}: running its ${node.steps.length} steps again\n`);
    try {
      await repairNode(node);
    } catch (error) {
      // What it did not put back is in the report.
      process.stderr.write(redacted(`${node.name}: ${error instanceof Error ? error.message : String(error)}\n`));
      const left = drifted.slice(index + 1).map(({ name }) => name);
      if (left.length > 0) process.stderr.write(`not repaired: ${left.join(", ")}\n`);
      return;
    }
  }
}

export const command = defineCommand({
  name: "npm run drift",
  summary:
    "Reports what is no longer as the last `pulumi up` left it, in the cluster, on every machine and on the hypervisors " +
    "(docs/guides/drift.md). Without --repair nothing is changed, neither there nor in the state.",
  arguments: [{ name: "STACK", summary: "local, or a stack with a Pulumi.STACK.yaml" }],
  flags: {
    json: { type: "boolean", summary: "prints the report for programs" },
    disk: { type: "boolean", summary: "measures the etcd nodes' disks once more, one after the other" },
    repair: {
      type: "boolean",
      summary: "runs the steps of every node that drifted again first, which puts back what they wrote",
    },
  },
  exits: { 0: "nothing drifted", 1: "something could not be compared", 7: "something drifted" },
  run: async ([stack], flags) => {
    // A start or stop of the local platform must not happen meanwhile.
    if (stack === "local") await holdPlatform();
    const access = await accessStack(stack, { emptyIsFine: false });
    const deployment = await exportState(access);
    const nodes = expectedNodes(stack, deployment);
    const { blind: unknown, hypervisors } = expectedGuests(deployment);
    if (flags.repair) await repairDrifted(nodes);
    const [cluster, applications, onNodes, onHypervisors] = await Promise.all([
      refreshCluster(access, deployment),
      unhealthyApplications(outputsOf(deployment)["kubeconfig"]),
      lookInTurn(nodes, flags.disk, lookAt),
      Promise.all(hypervisors.map(lookAtGuests)),
    ]);
    const looked = [...onNodes, ...onHypervisors];
    const model = modelOf(deployment.resources ?? []);
    const snapshots = judgeSnapshots(snapshotHours(model), etcdNodes(model, nodes, onNodes));
    const report = {
      stack,
      nodes: nodes.length,
      findings: [...looked.flatMap(({ findings }) => findings), ...snapshots.findings, ...cluster.findings],
      blind: [
        ...looked.flatMap(({ blind }) => blind),
        ...unknown,
        ...silentNodes(deployment, nodes),
        ...snapshots.blind,
        ...cluster.blind,
      ],
      applications,
      unready: cluster.unready,
      notes: looked.flatMap(({ notes }) => notes),
    };
    print(flags.json ? renderJson(report) : renderReport(report));
    return exitCodeOf(report);
  },
});

runAsProgram(module, command);
