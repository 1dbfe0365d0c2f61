import type { ExpectedNode } from "../drift/expected";
import type { Blind, Finding } from "../drift/finding";
import { judgeCertificates } from "../drift/judge";
import type { Limits } from "./expected";
import {
  describeSkew,
  describeTime,
  fullness,
  greatest,
  type Judged,
  lastMinutes,
  type Looked,
  MINUTES,
  type Recorded,
} from "./looked";
import type { ObservedHealth } from "./node";
import { describeRange, verdictOn } from "./percentile";
import type { Sample } from "./sample";
import { type Fsync, fsyncOver, type Window, windowsOf, worstHour, writingIn } from "./window";

/** One minute over a limit is a hiccup. */
const BAD_MINUTES = 2;
/** A recorder that has written nothing for so long is silent. */
const SILENT_SECONDS = 180;
/** What the kubelet's own limit (10 % free) is announced with. */
const FULL_PERCENT = 85;
const QUOTA_PERCENT = 80;
/** As for adopted servers: a certificate that isn't valid yet refuses a join. */
const SKEW_SECONDS = 5;
const MIB = 1024 * 1024;

/** What is over a limit on a node. */
export function judgeHealth(looked: Looked, all: readonly Looked[], limits: Limits): Finding[] {
  const { node, seen } = looked;
  const found = [
    ...(limits.override === undefined ? slowDisk(looked, all, limits) : []),
    ...stolenTime(looked, limits),
    ...fullDisk(seen.samples.at(-1), limits),
    ...judgeCertificates(seen),
    ...skew(seen),
  ];
  return found.map((finding) => ({ where: node.name, ...finding }));
}

type Found = Omit<Finding, "where">;

/** What `npm run drift` notes of etcd's fsync, by the last lines of a node's recorder: a slow disk is no drift. */
export function fsyncNotes({ disk, name }: Pick<ExpectedNode, "disk" | "name">, seen: Recorded): string[] {
  if (disk === undefined) return [];
  const looked = { node: { name }, seen, windows: windowsOf(seen.samples) };
  const found = slowDisk(looked, [], { fsyncMs: disk.limitMs, directory: disk.directory });
  return found.map(
    ({ what, ...one }) => `${name}: ${what} ${one.found} (limit ${disk.limitMs} ms); see npm run health`,
  );
}

/** etcd's fsync: over the limit in two of the last three minutes. */
function slowDisk(looked: Judged, all: readonly Looked[], { directory, fsyncMs }: Limits): Found[] {
  const minutes = lastMinutes(looked);
  const over = minutes.filter((minute) => {
    const one = fsyncOver([minute]);
    return one !== undefined && verdictOn(one.p99, fsyncMs) === "over";
  });
  const slow = fsyncOver(over);
  if (over.length < BAD_MINUTES || !slow) return [];
  const device = looked.seen.samples.at(-1)?.device ?? "an unknown device";
  const found = `${describeRange(slow.p99)}, ${describeTime(slow)}, ${over.length} of ${minutes.length} minutes`;
  return [
    {
      what: `etcd's fsync p99 on ${device} (${directory})`,
      expected: `${fsyncMs} ms or less`,
      found: [found, ...writers(looked, all, slow), ...contention(over)].join("; "),
      cure: "end the neighbour's writing, or move the node to faster storage (docs/guides/health.md)",
    },
  ];
}

/** Who wrote how much on the same hypervisor meanwhile, most first, the node itself included. */
function writers({ node }: Judged, all: readonly Looked[], { from, to }: Fsync): string[] {
  if (!node.shares) return [];
  const { hypervisor, with: others } = node.shares;
  const rates = [node.name, ...others].map((name) => {
    const windows = all.find((one) => one.node.name === name)?.windows;
    return { name, rate: windows && writingIn(windows, from, to) };
  });
  rates.sort((left, right) => (right.rate ?? -1) - (left.rate ?? -1));
  const parts = rates.map(({ name, rate }) => {
    return `${name === node.name ? "itself" : name} ${rate === undefined ? "unknown" : `${(rate / MIB).toFixed(1)} MiB/s`}`;
  });
  return [`written on ${hypervisor} meanwhile: ${parts.join(", ")}`];
}

/** A busy CPU alone makes fsync slow. */
function contention(minutes: readonly Window[]): string[] {
  const steal = greatest(minutes.map(({ stealPercent }) => stealPercent));
  const pressure = greatest(minutes.map(({ cpuPressure }) => cpuPressure));
  if ((steal ?? 0) <= 2 && (pressure ?? 0) <= 30) return [];
  return [`the CPU was contended (steal ${steal ?? "unknown"} %, pressure ${pressure ?? "unknown"} %)`];
}

function stolenTime(looked: Looked, { stealPercent: limit }: Limits): Found[] {
  if (limit === undefined) return [];
  const minutes = lastMinutes(looked);
  const over = minutes.filter(({ stealPercent }) => stealPercent !== null && stealPercent > limit);
  if (over.length < BAD_MINUTES) return [];
  const worst = greatest(over.map(({ stealPercent }) => stealPercent));
  return [
    {
      what: "CPU steal",
      expected: `${limit} % or less`,
      found: `${worst ?? "unknown"} %, ${over.length} of ${minutes.length} minutes`,
      cure: "the hypervisor has too few CPUs for its guests: move one of them",
    },
  ];
}

function fullDisk(last: Sample | undefined, { directory }: Limits): Found[] {
  const full = fullness(last);
  const { databaseBytes = null, quotaBytes = null } = last ?? {};
  const quota = databaseBytes === null || !quotaBytes ? 0 : Math.round((databaseBytes / quotaBytes) * 100);
  return [
    ...(full !== null && full >= FULL_PERCENT
      ? [
          {
            what: `file system of ${last?.fsync ? directory : "containers"}`,
            expected: `less than ${FULL_PERCENT} % full`,
            found: `${full} %`,
            cure: "make room: the kubelet evicts pods at 90 %, and etcd stops when it can't write",
          },
        ]
      : []),
    ...(quota >= QUOTA_PERCENT
      ? [
          {
            what: "etcd's database",
            expected: `less than ${QUOTA_PERCENT} % of its quota`,
            found: `${quota} %`,
            cure: "defragment it (etcdctl defrag), one member at a time: at 100 % the API accepts no change",
          },
        ]
      : []),
  ];
}

/** Only what the round trip can't explain. */
function skew({ skewMs: [least, most] }: ObservedHealth): Found[] {
  const limit = SKEW_SECONDS * 1000;
  if (least <= limit && most >= -limit) return [];
  return [
    {
      what: "clock",
      expected: `within ${SKEW_SECONDS} s of this computer's`,
      found: describeSkew([least, most]),
      cure: "see which of the two is wrong, and install systemd-timesyncd or chrony there",
    },
  ];
}

/** What a recorder did not see, so that nobody knows whether the node is healthy. */
export function blindSpots({ node, seen, windows }: Looked): Blind[] {
  if (!node.recorded) return [];
  const say = (reason: string): Blind[] => [{ where: node.name, reason }];
  const last = seen.samples.at(-1);
  if (!last)
    return say("its recorder has written nothing yet; run an update with this version, or ask again in a minute");
  const age = Math.round(seen.clockMs / 1000 - last.at);
  if (age > SILENT_SECONDS)
    return say(`its recorder has written nothing for ${age} s (timer ${seen.timer || "unknown"})`);
  if (node.role !== "control-plane") return [];
  const minutes = lastMinutes({ node, seen, windows });
  const recorded = minutes.filter((minute) => fsyncOver([minute]) !== undefined).length;
  if (recorded >= BAD_MINUTES) return [];
  if (last.fsync === null) return say("its etcd gives no metrics (127.0.0.1:2381); see crictl ps -a there");
  return say(`its recorder knows etcd's fsync of ${recorded} of the last ${MINUTES} minutes; ask again in a minute`);
}

/** What is no finding, and yet worth a line. */
export function notesOn(looked: Looked, all: readonly Looked[], limits: Limits): string[] {
  const { node, seen, windows } = looked;
  const now = fsyncOver(lastMinutes(looked));
  const worst = worstHour(windows);
  const accepted = limits.override === undefined ? [] : slowDisk(looked, all, limits);
  return [
    ...(now && verdictOn(now.p99, limits.fsyncMs) === "straddles"
      ? [`${node.name}: fsync p99 ${describeRange(now.p99)} straddles the limit of ${limits.fsyncMs} ms`]
      : []),
    ...accepted.map(({ found, what }) => `${node.name}: ${what} is ${found}. Accepted: ${limits.override ?? ""}`),
    ...(worst && verdictOn(worst.p99, limits.fsyncMs) === "over"
      ? [`${node.name}: in its worst hour ${[describeRange(worst.p99), ...writers(looked, all, worst)].join(", ")}`]
      : []),
    ...(seen.torn > 0 ? [`${node.name}: ${seen.torn} unreadable lines of its recorder were left out`] : []),
  ];
}
