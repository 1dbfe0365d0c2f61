import { endOf } from "../drift/judge";
import type { HealthNode } from "./expected";
import type { ObservedHealth } from "./node";
import type { Sample } from "./sample";
import { type Fsync, fsyncOver, GAP_SECONDS, type Window, windowsOf, worstHour } from "./window";

/** The minutes that are judged. */
export const MINUTES = 3;

/** A node with what was read from it. */
export interface Looked {
  readonly node: HealthNode;
  readonly seen: ObservedHealth;
  readonly windows: readonly Window[];
}

/** What one node looks like to its operator. */
export interface NodeHealth {
  readonly name: string;
  readonly role: HealthNode["role"];
  readonly hypervisor: string | null;
  readonly device: string | null;
  /** The gate's p99 before etcd was there, in ms: alone, and together with the others on its hypervisor. */
  readonly birthMs: number | null;
  readonly birthTogetherMs: number | null;
  /** etcd's own fsync in the last minutes, and in the worst hour of the history. */
  readonly now: Fsync | null;
  readonly worst: Fsync | null;
  /** etcd's commits to its database in the last minutes. */
  readonly commits: Fsync | null;
  readonly leaderChangesLastHour: number | null;
  /** Of the leader, that reached a follower late or never. */
  readonly lateHeartbeatsLastHour: number | null;
  readonly stealPercent: number | null;
  readonly fullPercent: number | null;
  readonly databaseMiB: number | null;
  /** Of its certificates, when the first ends; null: it has none. */
  readonly certificateEnds: string | null;
  readonly skewMs: readonly [number, number];
}

export type Recorded = Pick<ObservedHealth, "samples" | "clockMs">;

/** The part of it that etcd's fsync is judged by. */
export interface Judged {
  readonly node: Pick<HealthNode, "name" | "shares">;
  readonly seen: Recorded;
  readonly windows: readonly Window[];
}

export function lookedAt(node: HealthNode, seen: ObservedHealth): Looked {
  return { node, seen, windows: windowsOf(seen.samples) };
}

/** The windows that are minutes, among the last three, that the node has seen within the last five. */
export function lastMinutes({ seen, windows }: Judged): Window[] {
  const since = seen.clockMs / 1000 - (MINUTES + 2) * 60;
  return windows.slice(-MINUTES).filter(({ from, to }) => to - from <= GAP_SECONDS && from >= since);
}

export function describeNode(looked: Looked): NodeHealth {
  const { node, seen, windows } = looked;
  const last = seen.samples.at(-1);
  const minutes = lastMinutes(looked);
  const ends = [...seen.certificates.values()].map((der) => endOf(der).getTime());
  const hour = windows.filter(({ from }) => from >= seen.clockMs / 1000 - 3660);
  return {
    name: node.name,
    role: node.role,
    hypervisor: node.shares?.hypervisor ?? null,
    device: last?.device ?? null,
    birthMs: node.birth?.p99Ms ?? null,
    birthTogetherMs: node.birth?.together?.p99Ms ?? null,
    now: fsyncOver(minutes) ?? null,
    worst: worstHour(windows) ?? null,
    commits: fsyncOver(minutes, "commit") ?? null,
    lateHeartbeatsLastHour: total(hour.map(({ heartbeatFailures }) => heartbeatFailures)),
    leaderChangesLastHour: total(hour.map(({ leaderChanges }) => leaderChanges)),
    stealPercent: greatest(minutes.map(({ stealPercent }) => stealPercent)),
    fullPercent: fullness(last),
    databaseMiB: mebibytes(last?.databaseBytes ?? null),
    certificateEnds: ends.length > 0 ? new Date(Math.min(...ends)).toISOString().slice(0, 10) : null,
    skewMs: seen.skewMs,
  };
}

function mebibytes(bytes: number | null): number | null {
  return bytes === null ? null : Math.round(bytes / 1024 / 1024);
}

function known(values: readonly (number | null)[]): number[] {
  return values.flatMap((value) => value ?? []);
}

function total(values: readonly (number | null)[]): number | null {
  const all = known(values);
  return all.length > 0 ? all.reduce((sum, value) => sum + value, 0) : null;
}

export function greatest(values: readonly (number | null)[]): number | null {
  const all = known(values);
  return all.length > 0 ? Math.max(...all) : null;
}

export function fullness(sample: Sample | undefined): number | null {
  const { free = null, size = null } = sample ?? {};
  return free === null || !size ? null : Math.round((1 - free / size) * 100);
}

/** `20:01–20:04 UTC`, with its day. */
export function describeTime({ from, to }: Pick<Fsync, "from" | "to">): string {
  const text = (at: number): string => new Date(at * 1000).toISOString();
  return `${text(from).slice(0, 10)} ${text(from).slice(11, 16)}–${text(to).slice(11, 16)} UTC`;
}

export function describeSkew([least, most]: readonly [number, number]): string {
  const seconds = (ms: number): string => `${ms < 0 ? "−" : "+"}${(Math.abs(ms) / 1000).toFixed(1)}`;
  return `${seconds(least)} to ${seconds(most)} s`;
}
