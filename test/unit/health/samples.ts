import type { Histogram, Sample } from "../../../scripts/stack/health/sample";

/** An hour begins. */
const BEGIN = Date.UTC(2026, 10, 29, 20) / 1000;

/** Seconds since 1970 of a minute. */
export const at = (minute: number): number => BEGIN + minute * 60;

const BOUNDS = [1, 2, 4, 8, 16, 32, Infinity];

/** Cumulative, as etcd prints it, of how many fell into each bucket, by its upper bound in milliseconds. */
export function histogram(counts: Readonly<Record<number, number>>): Histogram {
  let total = 0;
  return Object.fromEntries(
    BOUNDS.map((bound) => [bound === Infinity ? "+Inf" : String(bound / 1000), (total += counts[bound] ?? 0)]),
  );
}

/** A line of a control plane's recorder: in each minute 5 % steal, 1 % CPU pressure, 2 % I/O pressure and 1 MB a second. */
export function sample(minute: number, fsync: Readonly<Record<number, number>>, fields: Partial<Sample> = {}): Sample {
  return {
    at: at(minute),
    run: `boot ${at(-1000)}.25`,
    fsync: histogram(fsync),
    commit: histogram(fsync),
    leaderChanges: 4,
    heartbeatFailures: 0,
    databaseBytes: 10 * 1024 * 1024,
    quotaBytes: 2 * 1024 ** 3,
    steal: 600 * minute,
    cpu: 12_000 * minute,
    cpuStalled: 600_000 * minute,
    ioStalled: 1_200_000 * minute,
    device: "vdb",
    written: 60_000_000 * minute,
    size: 100e9,
    free: 60e9,
    ...fields,
  };
}
