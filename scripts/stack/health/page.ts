import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Looked } from "./looked";
import { p99Of } from "./percentile";
import { type HealthReport, renderReport } from "./report";
import { GAP_SECONDS, type Window } from "./window";

const TEMPLATE = join(__dirname, "page.html");
/** In a comment where the page is a program or a style, and in quotes where it is JSON: the template stays valid. */
const PLACEHOLDER = /(?:\/\* |")?\{\{(\w+)\}\}(?: \*\/|")?/g;
const HOUR_SECONDS = 3600;

/** One curve's values, null where nobody knows. */
type Values = readonly (number | null)[];

/** What page.html draws of a node, one column a window. */
export interface PlottedNode {
  readonly name: string;
  readonly title: string;
  readonly etcd: boolean;
  /** Seconds since 1970. */
  readonly at: readonly number[];
  readonly above: Values;
  readonly upTo: Values;
  readonly steal: Values;
  readonly ioPressure: Values;
  readonly leaderChanges: Values;
  /** MiB a second. */
  readonly written: Values;
}

/** A page of its own, without anything to load: the report, and plots by uPlot. */
export function renderPage(report: HealthReport, looked: readonly Looked[], now: Date): string {
  const plots = looked.filter(({ windows }) => windows.length > 0).map(plotOf);
  const data = { stack: report.stack, limitMs: report.limits.fsyncMs, nodes: plots };
  const uplot = dirname(require.resolve("uplot"));
  const parts: Readonly<Record<string, string>> = {
    TITLE: escaped(`${report.stack}: health`),
    MADE: escaped(now.toISOString().slice(0, 16).replace("T", " ")),
    REPORT: escaped(renderReport(report)),
    STYLE: readFileSync(join(uplot, "uPlot.min.css"), "utf8"),
    LIBRARY: readFileSync(join(uplot, "uPlot.iife.min.js"), "utf8"),
    // In a script element only a closing tag could end the data.
    DATA: JSON.stringify(data).replaceAll("<", "\\u003c"),
  };
  return readFileSync(TEMPLATE, "utf8").replaceAll(PLACEHOLDER, (whole, name: string) => parts[name] ?? whole);
}

export function plotOf({ node, seen, windows }: Looked): PlottedNode {
  // A column without values where the recorder was silent, so that no line is drawn across.
  const columns = windows.flatMap((window, index): (Window | number)[] => {
    const before = windows[index - 1];
    return isGap(window, before) ? [window.from + 1, window] : [window];
  });
  const values = (of: (window: Window) => number | null | undefined): Values =>
    columns.map((column) => (typeof column === "number" ? null : (of(column) ?? null)));
  const range = (window: Window): ReturnType<typeof p99Of> => (window.fsync ? p99Of(window.fsync) : undefined);
  const device = seen.samples.at(-1)?.device;
  const where = [node.role, ...(device ? [device] : []), ...(node.shares ? [`on ${node.shares.hypervisor}`] : [])];
  return {
    name: node.name,
    title: `${node.name} (${where.join(", ")})`,
    etcd: node.role === "control-plane",
    at: columns.map((column) => (typeof column === "number" ? column : column.to)),
    above: values((window) => range(window)?.above),
    // The last bucket has no end: twice its beginning, as wide as the next one would be.
    upTo: values((window) => {
      const p99 = range(window);
      return p99 && (p99.upTo ?? p99.above * 2);
    }),
    steal: values(({ stealPercent }) => stealPercent),
    ioPressure: values(({ ioPressure }) => ioPressure),
    leaderChanges: values(({ leaderChanges }) => leaderChanges),
    written: values(({ from, to, writtenBytes }) =>
      writtenBytes === null ? null : Math.round((writtenBytes / (to - from) / 1024 / 1024) * 100) / 100,
    ),
  };
}

/** Of earlier hours the probe prints a line an hour, so an hour is none. */
function isGap(window: Window, before: Window | undefined): boolean {
  const seconds = window.to - window.from;
  const hourly = before !== undefined && before.to - before.from > GAP_SECONDS;
  return seconds > (hourly ? HOUR_SECONDS + GAP_SECONDS : GAP_SECONDS);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
