/** What a gate step measured on one node; the node itself decided (scripts/remote/disk-gate/measure-fsync.sh). */
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
  /** The network to every other etcd node, at the same time. */
  readonly peers: readonly PeerResult[];
  /** What is not good, but no reason to stop; sentences without the node's name. */
  readonly warnings: readonly string[];
  /** Every measurement, this one last, where a contended CPU was a reason to measure again. */
  readonly attempts?: readonly Pick<GateResult, "p99Ms" | "load" | "cpuPressure" | "stealPercent">[];
  /** The same while every other node on the same hypervisor wrote too; only where there are any. */
  readonly together?: {
    readonly hypervisor: string;
    /** Names of the nodes that wrote. */
    readonly with: readonly string[];
    readonly p99Ms: number | null;
    readonly stealPercent: number;
  };
  readonly verdict: "passed" | "overridden";
  /** Only with verdict `overridden`. */
  readonly override?: { readonly reason: string };
}

/** Pings from one etcd node to another. */
export interface PeerResult {
  readonly name: string;
  readonly address: string;
  readonly sent: number;
  readonly lossPercent: number;
  /** Round trips in milliseconds; null when nothing came back. */
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
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
  // A result that was kept before there were any has neither.
  return { peers: [], warnings: [], ...fields } as unknown as GateResult;
}

/** One line for a summary: `fdatasync p99 1.5 ms (limit 10 ms, passed), CPU steal 0 %, round trip to cp-2 0.3 ms`. */
export function describeGateResult(result: GateResult): string {
  const { attempts = [], limitMs, p99Ms, peers, stealPercent, together, verdict } = result;
  const earlier = attempts.slice(0, -1).map((attempt) => `${ms(attempt.p99Ms)} at load ${attempt.load}`);
  return [
    `fdatasync p99 ${ms(p99Ms)} (limit ${limitMs} ms, ${verdict})`,
    ...(earlier.length > 0 ? [`measured before: ${earlier.join(" and ")}`] : []),
    ...(together ? [`${ms(together.p99Ms)} together with ${together.with.join(", ")}`] : []),
    `CPU steal ${stealPercent} %`,
    ...peers.map((peer) => `round trip to ${peer.name} ${ms(peer.p99Ms)}`),
  ].join(", ");
}

function ms(value: number | null): string {
  return value === null ? "unknown" : `${value.toFixed(1)} ms`;
}
