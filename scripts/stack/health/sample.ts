/** How many took at most that long, by the upper bound in seconds: `{"0.001": 12, "0.002": 15, "+Inf": 15}`. Cumulative. */
export type Histogram = Readonly<Record<string, number>>;

/** One line of a node's recorder (scripts/remote/health/record.sh): counters since they began, null for what it couldn't read. */
export interface Sample {
  /** Seconds since 1970. */
  readonly at: number;
  /** The boot, and the start of etcd, which is empty while that doesn't answer. */
  readonly run: string;
  readonly fsync: Histogram | null;
  readonly commit: Histogram | null;
  readonly leaderChanges: number | null;
  readonly heartbeatFailures: number | null;
  readonly databaseBytes: number | null;
  readonly quotaBytes: number | null;
  readonly steal: number | null;
  readonly cpu: number | null;
  readonly cpuStalled: number | null;
  readonly ioStalled: number | null;
  readonly device: string | null;
  readonly written: number | null;
  readonly size: number | null;
  readonly free: number | null;
}

const NUMBERS = [
  ...["leaderChanges", "heartbeatFailures", "databaseBytes", "quotaBytes", "steal", "cpu"],
  ...["cpuStalled", "ioStalled", "written", "size", "free"],
];

/** Reads a line. @returns nothing for one that is torn, as a power failure leaves it */
export function parseSample(line: string): Sample | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  const usable =
    typeof fields["at"] === "number" &&
    typeof fields["run"] === "string" &&
    (fields["device"] === null || typeof fields["device"] === "string") &&
    NUMBERS.every((name) => fields[name] === null || typeof fields[name] === "number") &&
    isHistogram(fields["fsync"]) &&
    isHistogram(fields["commit"]);
  return usable ? (value as Sample) : undefined;
}

function isHistogram(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.values(value).every((n) => typeof n === "number"));
}
