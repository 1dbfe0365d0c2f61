import { writeFileSync } from "node:fs";
import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { redacted } from "@gitops-platform/cli/redaction";
import { outputsOf } from "../lib/stack-state";
import { holdPlatform } from "../local/platform/exclusive";
import { accessStack } from "./access/stack-access";
import { exportState } from "./drift/cluster";
import { silentNodes } from "./drift/expected";
import { type Blind, exitCodeOf } from "./drift/finding";
import { judgeSnapshots } from "./drift/snapshots";
import { type HealthNode, healthNodes } from "./health/expected";
import { blindSpots, judgeHealth, notesOn } from "./health/judge";
import { describeNode, type Looked, lookedAt } from "./health/looked";
import { observeHealth } from "./health/node";
import { renderPage } from "./health/page";
import { type HealthReport, renderJson, renderReport } from "./health/report";

/** How far back every minute is read; a page shows a day of them. Earlier ones count by the hour. */
const HISTORY_SECONDS = 3 * 3600;
const PAGE_SECONDS = 24 * 3600;

async function lookAt(node: HealthNode, seconds: number): Promise<Looked | Blind> {
  try {
    return lookedAt(node, await observeHealth(node.name, node.connection, seconds));
  } catch (error) {
    return { where: node.name, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** What the last update saw: when certificates end, and what of the stack's versions is known to be bad. */
function noticesIn(outputs: Readonly<Record<string, unknown>>): string[] {
  const notices = (outputs["notices"] ?? {}) as Readonly<Record<string, readonly string[]>>;
  const { endOfLife = [], vulnerabilities = [] } = notices;
  const { notAfter = "" } = (outputs["certificates"] ?? {}) as { readonly notAfter?: string };
  return [
    ...(notAfter === "" ? [] : [`the last update saw certificates that end on ${notAfter.slice(0, 10)}`]),
    ...(endOfLife.length > 0 ? [`past their end of life: ${endOfLife.join(", ")}`] : []),
    ...(vulnerabilities.length > 0 ? [`known vulnerabilities: ${vulnerabilities.join(", ")}`] : []),
  ];
}

export const command = defineCommand({
  name: "npm run health",
  summary:
    "Reports how each control plane's disk, CPUs, certificates and clock are, now and in the last 30 days, against the stack's own " +
    "limits, and who writes on the same hypervisor (docs/guides/health.md). It works over SSH while the API is down, and changes nothing.",
  arguments: [{ name: "STACK", summary: "local, or a stack with a Pulumi.STACK.yaml" }],
  flags: {
    json: { type: "boolean", summary: "prints the report for programs" },
    html: {
      type: "string",
      value: "FILE",
      summary: "writes a page with plots as well, one file without anything to load",
    },
  },
  exits: { 0: "healthy", 1: "a node could not be asked", 7: "something is over its limit" },
  run: async ([stack], { html, json }) => {
    // A start or stop of the local platform must not happen meanwhile.
    if (stack === "local") await holdPlatform();
    const access = await accessStack(stack, { emptyIsFine: false });
    const deployment = await exportState(access);
    const { everyHours, limits, nodes } = healthNodes(stack, deployment);
    const seconds = html === undefined ? HISTORY_SECONDS : PAGE_SECONDS;
    const looks = await Promise.all(nodes.map((node) => lookAt(node, seconds)));
    const seen = looks.flatMap((look) => ("windows" in look ? [look] : []));
    const unseen = looks.flatMap((look) => ("windows" in look ? [] : [look]));
    const silent = silentNodes(deployment, nodes);
    const members = nodes.filter(({ role }) => role === "control-plane");
    const snapshots = judgeSnapshots(
      everyHours,
      members.map(({ name }) => seen.find(({ node }) => node.name === name)?.seen),
    );
    const report: HealthReport = {
      stack,
      limits,
      nodes: seen.map(describeNode),
      findings: [...seen.flatMap((one) => judgeHealth(one, seen, limits)), ...snapshots.findings],
      blind: [...unseen, ...silent, ...seen.flatMap(blindSpots), ...snapshots.blind],
      notes: [...seen.flatMap((one) => notesOn(one, seen, limits)), ...noticesIn(outputsOf(deployment))],
    };
    if (html !== undefined) writeFileSync(html, redacted(renderPage(report, seen, new Date())));
    print(json ? renderJson(report) : renderReport(report));
    return exitCodeOf(report);
  },
});

runAsProgram(module, command);
