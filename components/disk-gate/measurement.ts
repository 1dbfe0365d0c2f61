/** What a gate step measured on one node; the node itself decided (scripts/node/disk-gate/measure-fsync.sh). */
export interface GateResult {
  /** fdatasync latency percentiles in milliseconds; p99 is what counts. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly iops: number;
  readonly directory: string;
  readonly device: string;
  readonly fileSystem: string;
  /** `fio-3.33` */
  readonly fioVersion: string;
  /** When it was measured, ISO 8601, UTC. */
  readonly time: string;
  /** One-minute load average at the end, to compare with `cpus`. */
  readonly load: number;
  readonly cpus: number;
  /** Share of the measurement in which some task waited for a CPU, in percent; null without PSI in the kernel. */
  readonly cpuPressure: number | null;
  /** CPU time taken by the hypervisor during the measurement, in percent. */
  readonly stealPercent: number;
  readonly limitMs: number;
  readonly verdict: "passed" | "overridden";
  /** Only with verdict `overridden`. */
  readonly override?: { readonly reason: string };
}

const NUMBERS = ["iops", "load", "cpus", "stealPercent", "limitMs"] as const;
const NULLABLE_NUMBERS = ["p50Ms", "p99Ms", "p999Ms", "cpuPressure"] as const;
const STRINGS = ["directory", "device", "fileSystem", "fioVersion", "time"] as const;

/**
 * Reads what the gate script printed on one node.
 *
 * @throws Error naming every field that is missing or of the wrong kind.
 */
export function parseGateResult(node: string, stdout: string): GateResult {
  const where = `[disk-gate] ${node}`;
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    throw new Error(`${where}: the gate script printed no JSON (got ${JSON.stringify(stdout.slice(0, 80))})`);
  }
  if (typeof value !== "object" || value === null) throw new Error(`${where}: the gate result is not an object`);
  const fields = value as Record<string, unknown>;
  const wrong = [
    ...NUMBERS.filter((name) => typeof fields[name] !== "number"),
    ...NULLABLE_NUMBERS.filter((name) => fields[name] !== null && typeof fields[name] !== "number"),
    ...STRINGS.filter((name) => typeof fields[name] !== "string"),
    ...(fields.verdict === "passed" || fields.verdict === "overridden" ? [] : ["verdict"]),
  ];
  if (wrong.length > 0) throw new Error(`${where}: the gate result lacks a usable ${wrong.join(", ")}`);
  return fields as unknown as GateResult;
}

/** One line for a summary: `p99 1.53 ms (limit 10 ms), 2474 syncs/s on /dev/loop1, ext4`. */
export function describeGateResult(result: GateResult): string {
  const line =
    `p99 ${result.p99Ms === null ? "unknown" : `${String(round(result.p99Ms))} ms`} (limit ${String(result.limitMs)} ms), ` +
    `${String(result.iops)} syncs/s on ${result.device}, ${result.fileSystem}`;
  return result.override ? `${line}; accepted by override: ${result.override.reason}` : line;
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
