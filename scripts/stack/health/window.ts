import { countOf, difference, p99Of, type Range, sum } from "./percentile";
import type { Histogram, Sample } from "./sample";

/** What happened on a node between two lines of its recorder; null where nobody knows. */
export interface Window {
  /** Seconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly fsync: Histogram | null;
  readonly commit: Histogram | null;
  readonly leaderChanges: number | null;
  readonly heartbeatFailures: number | null;
  /** Of the CPUs' time, taken by the hypervisor. */
  readonly stealPercent: number | null;
  /** Of the time, in which some task waited for a CPU, and for I/O. */
  readonly cpuPressure: number | null;
  readonly ioPressure: number | null;
  readonly writtenBytes: number | null;
}

/** Two lines further apart have a gap between them: the recorder missed a minute. */
export const GAP_SECONDS = 150;

/** What happened from line to line. A counter that began again, with a boot or with etcd, says nothing of what was between. */
export function windowsOf(samples: readonly Sample[]): Window[] {
  return samples.slice(1).flatMap((after, index) => {
    const before = samples[index];
    return before && after.at > before.at ? [windowOf(before, after)] : [];
  });
}

function windowOf(before: Sample, after: Sample): Window {
  const sameBoot = bootOf(before) === bootOf(after);
  const sameRun = before.run === after.run;
  const grown = (left: number | null, right: number | null, same: boolean): number | null =>
    same && left !== null && right !== null && right >= left ? right - left : null;
  // An etcd that has started in between counted from zero: all that it says is of this window.
  const started = !sameRun && startOf(after) >= before.at;
  const counted = (left: Histogram | null, right: Histogram | null): Histogram | null => {
    if (started) return right;
    return sameRun && left && right ? (difference(left, right) ?? null) : null;
  };
  const ofEtcd = (left: number | null, right: number | null): number | null =>
    started ? right : grown(left, right, sameRun);
  const share = (part: number | null, whole: number | null): number | null =>
    part === null || whole === null || whole === 0 ? null : Math.round((part / whole) * 1000) / 10;
  const elapsedUs = (after.at - before.at) * 1_000_000;
  const stalled = (left: number | null, right: number | null): number | null => {
    const percent = share(grown(left, right, sameBoot), elapsedUs);
    return percent === null ? null : Math.min(100, percent); // the line was stamped a moment before the reading
  };
  return {
    from: before.at,
    to: after.at,
    fsync: counted(before.fsync, after.fsync),
    commit: counted(before.commit, after.commit),
    leaderChanges: ofEtcd(before.leaderChanges, after.leaderChanges),
    heartbeatFailures: ofEtcd(before.heartbeatFailures, after.heartbeatFailures),
    stealPercent: share(grown(before.steal, after.steal, sameBoot), grown(before.cpu, after.cpu, sameBoot)),
    cpuPressure: stalled(before.cpuStalled, after.cpuStalled),
    ioPressure: stalled(before.ioStalled, after.ioStalled),
    writtenBytes: before.device === after.device ? grown(before.written, after.written, sameBoot) : null,
  };
}

function bootOf({ run }: Sample): string {
  return run.split(" ")[0] ?? "";
}

/** When its etcd started; NaN while that didn't answer. */
function startOf({ run }: Sample): number {
  return Number(run.split(" ")[1] || NaN);
}

/** etcd's fsync, or its backend commits, over several windows. */
export interface Fsync {
  readonly from: number;
  readonly to: number;
  readonly p99: Range;
  readonly count: number;
}

/** Their fsync together, or what else is counted. @returns nothing where none is known */
export function fsyncOver(windows: readonly Window[], what: "fsync" | "commit" = "fsync"): Fsync | undefined {
  const known = windows.flatMap(({ from, to, [what]: counts }) => (counts ? [{ from, to, counts }] : []));
  const [first] = known;
  const last = known.at(-1);
  const total = sum(known.map(({ counts }) => counts));
  const p99 = total && p99Of(total);
  return first && last && total && p99 ? { from: first.from, to: last.to, p99, count: countOf(total) } : undefined;
}

/** The hour of the clock in which the p99 was highest. */
export function worstHour(windows: readonly Window[]): Fsync | undefined {
  const hours = new Map<number, Window[]>();
  for (const window of windows) {
    const hour = Math.floor((window.from + window.to) / 2 / 3600);
    hours.set(hour, [...(hours.get(hour) ?? []), window]);
  }
  return [...hours.values()]
    .flatMap((hour) => fsyncOver(hour) ?? [])
    .reduce<Fsync | undefined>((worst, hour) => (worst && worst.p99.above >= hour.p99.above ? worst : hour), undefined);
}

/** Bytes a second that a node wrote in a time, as far as its windows lie in it. @returns nothing where none is known */
export function writingIn(windows: readonly Window[], from: number, to: number): number | undefined {
  const parts = windows.flatMap((window) => {
    const seconds = Math.min(to, window.to) - Math.max(from, window.from);
    if (seconds <= 0 || window.writtenBytes === null) return [];
    return [{ seconds, bytes: (window.writtenBytes * seconds) / (window.to - window.from) }];
  });
  const seconds = parts.reduce((total, part) => total + part.seconds, 0);
  return seconds > 0 ? parts.reduce((total, { bytes }) => total + bytes, 0) / seconds : undefined;
}
