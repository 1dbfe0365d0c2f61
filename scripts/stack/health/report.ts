import { table } from "@gitops-platform/cli/table";
import { type Blind, exitCodeOf, type Finding } from "../drift/finding";
import type { Limits } from "./expected";
import { describeSkew, describeTime, type NodeHealth } from "./judge";
import { describeRange } from "./percentile";
import type { Fsync } from "./window";

/** Everything that one run of `npm run health` found. */
export interface HealthReport {
  readonly stack: string;
  readonly limits: Limits;
  readonly nodes: readonly NodeHealth[];
  readonly findings: readonly Finding[];
  readonly blind: readonly Blind[];
  readonly notes: readonly string[];
}

const HEADERS = ["Where", "What", "Limit", "Found", "What to do"] as const;
const NODE_HEADERS = [
  ...["Node", "fsync p99: gate", "now", "worst hour", "Leader changes"],
  ...["Steal", "Disk full", "etcd", "Certificates", "Clock"],
];

/** The report for people. */
export function renderReport(report: HealthReport): string {
  const { blind, findings, limits, nodes, notes } = report;
  const rows = findings.map(({ where, what, expected, found, cure }) => [where, what, expected, found, cure]);
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length > 0 ? ["", title, ...lines.map((line) => `  ${line}`)] : [];
  return [
    headline(report),
    ...(rows.length > 0 ? ["", ...table([HEADERS, ...rows])] : []),
    ...section(
      "Could not be asked",
      blind.map(({ where, reason }) => `${where}: ${reason}`),
    ),
    ...(nodes.length > 0 ? ["", ...table([NODE_HEADERS, ...nodes.map(nodeRow)])] : []),
    "",
    `The limit of fsync is ${limits.fsyncMs} ms. etcd counts in buckets: a p99 is between two of their bounds. "Now" is the last three minutes.`,
    ...section("Noted", notes),
    "",
  ].join("\n");
}

function headline({ blind, findings, nodes, stack }: HealthReport): string {
  const looked = `${nodes.length} ${nodes.length === 1 ? "node" : "nodes"} looked at`;
  if (findings.length > 0)
    return `${stack}: ${findings.length} over ${findings.length === 1 ? "its limit" : "their limits"}; ${looked}.`;
  return blind.length > 0
    ? `${stack}: nothing over a limit where it could be seen; ${looked}.`
    : `${stack}: healthy; ${looked}.`;
}

function nodeRow(node: NodeHealth): string[] {
  const or = (value: number | null, unit: string): string => (value === null ? "–" : `${value}${unit}`);
  const etcd = node.role === "control-plane";
  const fsync = (seen: Fsync | null): string => (seen ? describeRange(seen.p99) : etcd ? "unknown" : "–");
  const together = node.birthTogetherMs === null ? "" : `, ${node.birthTogetherMs} shared`;
  return [
    node.name,
    node.birthMs === null ? "–" : `${node.birthMs} ms${together}`,
    fsync(node.now),
    fsync(node.worst) + (node.worst ? ` (${describeTime(node.worst)})` : ""),
    or(node.leaderChangesLastHour, " in 1 h"),
    or(node.stealPercent, " %"),
    or(node.fullPercent, " %"),
    or(node.databaseMiB, " MiB"),
    node.certificateEnds ?? "–",
    describeSkew(node.skewMs),
  ];
}

/** The report for programs. */
export function renderJson(report: HealthReport): string {
  return `${JSON.stringify({ ...report, exitCode: exitCodeOf(report) }, null, 2)}\n`;
}
