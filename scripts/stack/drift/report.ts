import { table } from "@gitops-platform/cli/table";
import { type DriftReport, exitCodeOf } from "./finding";

const HEADERS = ["Where", "What", "Expected", "Found", "What to do"] as const;

/** The report for people: a table of what drifted, then what could not be compared, then notes. */
export function renderReport(report: DriftReport): string {
  const { stack, nodes, findings, blind, applications, unready, notes } = report;
  const rows = findings.map(({ where, what, expected, found, cure }) => [where, what, expected, found, cure]);
  const counts = `${nodes} ${nodes === 1 ? "node" : "nodes"} and the cluster were compared`;
  const headline =
    findings.length > 0
      ? `${stack}: ${findings.length} ${findings.length === 1 ? "drift" : "drifts"}; ${counts}.`
      : blind.length > 0
        ? `${stack}: no drift where it could be looked for.`
        : `${stack}: no drift; ${counts}.`;
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length > 0 ? ["", title, ...lines.map((line) => `  ${line}`)] : [];
  return [
    headline,
    ...(rows.length > 0 ? ["", ...table([HEADERS, ...rows])] : []),
    ...section(
      "Not compared",
      blind.map(({ where, reason }) => `${where}: ${reason}`),
    ),
    ...section(
      "Applications that are not Synced and Healthy (Argo CD's, no drift of the stack)",
      applications.map(({ name, sync, health }) => `${name}: ${sync}, ${health}`),
    ),
    ...section("Not ready just now", unready),
    ...section("Noted", notes),
    "",
  ].join("\n");
}

/** The report for programs. */
export function renderJson(report: DriftReport): string {
  return `${JSON.stringify({ ...report, exitCode: exitCodeOf(report) }, null, 2)}\n`;
}
