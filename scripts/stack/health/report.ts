import { table } from "@gitops-platform/cli/table";
import { type Blind, exitCodeOf, type Finding } from "../drift/finding";
import type { Limits } from "./expected";
import { describeSkew, describeTime, type NodeHealth } from "./looked";
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

const NODE_HEADERS = [
  ...["Node", "fsync p99: gate", "now", "worst hour", "Leader changes"],
  ...["Steal", "Disk full", "etcd", "Certificates", "Clock"],
];

/** The report for people. */
export function renderReport(report: HealthReport): string {
  const { blind, findings, limits, nodes, notes } = report;
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length > 0 ? ["", title, ...lines.map((line) => `  ${line}`)] : [];
  return [
    headline(report),
    ...section("Over the limit", findings.flatMap(findingLines)),
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

/** A finding has too much for a row of a table: each of its sentences gets a line. */
function findingLines({ cure, expected, found, what, where }: Finding): string[] {
  const [first = "", ...more] = found.split("; ");
  return [
    `${where}: ${what} is ${first} (limit: ${expected})`,
    ...[...more, `to do: ${cure}`].map((line) => `    ${line}`),
  ];
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
