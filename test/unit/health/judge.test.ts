/** What `npm run health` finds on nodes that were read. */
import { expect, it } from "vitest";
import type { HealthNode, Limits } from "../../../scripts/stack/health/expected";
import { blindSpots, fsyncNotes, judgeHealth, notesOn } from "../../../scripts/stack/health/judge";
import { describeNode, type Looked, lookedAt } from "../../../scripts/stack/health/looked";
import { type ObservedHealth, parseHealth } from "../../../scripts/stack/health/node";
import type { Sample } from "../../../scripts/stack/health/sample";
import { renderReport } from "../../../scripts/stack/health/report";
import { at, sample } from "./samples";

const LIMITS: Limits = { fsyncMs: 10, directory: "/var/lib/etcd", stealPercent: 10 };
const MINUTES = [0, 1, 2, 3, 4];

function looked(
  samples: readonly Sample[],
  node: Partial<HealthNode> = {},
  seen: Partial<ObservedHealth> = {},
): Looked {
  const connection = { host: "h", port: 22, user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" };
  const clockMs = at(4) * 1000 + 20_000;
  const observed = {
    samples,
    torn: 0,
    timer: "active",
    certificates: new Map<string, string>(),
    skewMs: [-100, 300] as const,
    clockMs,
  };
  return lookedAt(
    { name: "cp-2", role: "control-plane", connection, recorded: true, ...node },
    { ...observed, ...seen },
  );
}

/** Lines in which each minute's syncs fall into one bucket. */
function minutesOf(buckets: readonly number[]): Sample[] {
  const counts: Record<number, number> = {};
  return MINUTES.map((minute) => {
    if (minute > 0) counts[buckets[minute - 1] ?? 1] = (counts[buckets[minute - 1] ?? 1] ?? 0) + 100;
    return sample(minute, counts);
  });
}

const shares = (...others: string[]): Pick<HealthNode, "shares"> => ({ shares: { hypervisor: "kvm-1", with: others } });

it.each([
  ["a quick disk", [1, 1, 1, 1], 0],
  ["one slow minute", [1, 1, 1, 32], 0],
  ["two slow minutes of three", [1, 32, 1, 32], 1],
  ["slow minutes that are over", [32, 32, 1, 1], 0],
  ["minutes that straddle the limit", [16, 16, 16, 16], 0],
  ["no minute below 16 ms", [32, 32, 32, 32], 1],
])("%s: %j", (_, buckets, findings) => {
  const one = looked(minutesOf(buckets));
  expect(judgeHealth(one, [one], LIMITS)).toHaveLength(findings);
  expect(blindSpots(one)).toEqual([]);
});

it("names machine, device, window, range, and who wrote on the same hypervisor", () => {
  const slow = looked(minutesOf([1, 1, 32, 32]), shares("cp-1", "worker-1", "worker-2"));
  const written = MINUTES.map((minute) => sample(minute, {}, { written: minute * 60 * 35 * 1024 * 1024, fsync: null }));
  const worker = looked(written, { name: "worker-1", role: "worker" });
  const follower = looked(
    minutesOf([1, 1, 1, 1]).map((one, index) => ({ ...one, leaderChanges: 4 + index })),
    { name: "cp-1" },
  );
  const all = [slow, worker, follower];
  expect(all.flatMap((one) => judgeHealth(one, all, LIMITS))).toEqual([
    {
      where: "cp-2",
      what: "etcd's fsync p99 on vdb (/var/lib/etcd)",
      expected: "10 ms or less",
      found:
        "16–32 ms, 2026-11-29 20:02–20:04 UTC, 2 of 3 minutes; written on kvm-1 meanwhile: worker-1 35.0 MiB/s, itself 1.0 MiB/s, " +
        "cp-1 1.0 MiB/s, worker-2 unknown; the CPU was contended (steal 5 %, pressure 1 %)",
      cure: "end the neighbour's writing, or move the node to faster storage (docs/guides/health.md)",
    },
  ]);
});

it("a slow disk that the stack accepts is a note with the reason", () => {
  const one = looked(minutesOf([32, 32, 32, 32]));
  const accepting = { ...LIMITS, override: "a platform for trying" };
  expect(judgeHealth(one, [one], accepting)).toEqual([]);
  expect(notesOn(one, [one], accepting)[0]).toMatch(
    /^cp-2: etcd's fsync p99 .* is 16–32 ms, .*\. Accepted: a platform for trying$/,
  );
});

it("drift notes a node's slow disk by its last lines", () => {
  const disk = { directory: "/var/lib/etcd", limitMs: 10 };
  const slow = { samples: minutesOf([1, 1, 32, 32]), clockMs: at(4) * 1000 };
  expect(fsyncNotes({ name: "cp-2", disk }, slow)).toEqual([
    "cp-2: etcd's fsync p99 on vdb (/var/lib/etcd) 16–32 ms, 2026-11-29 20:02–20:04 UTC, 2 of 3 minutes; the CPU was contended " +
      "(steal 5 %, pressure 1 %) (limit 10 ms); see npm run health",
  ]);
  expect(fsyncNotes({ name: "worker-1" }, slow)).toEqual([]);
  expect(fsyncNotes({ name: "cp-2", disk: { ...disk, limitMs: 40 } }, slow)).toEqual([]);
});

it("steal, a full disk, a full database and a wrong clock are findings", () => {
  const full = MINUTES.map((minute) =>
    sample(minute, { 1: minute }, { steal: minute * 6000, free: 10e9, databaseBytes: 1.9e9, quotaBytes: 2e9 }),
  );
  const one = looked(full, {}, { skewMs: [5100, 5900] });
  expect(judgeHealth(one, [one], LIMITS).map(({ what, found }) => `${what}: ${found}`)).toEqual([
    "CPU steal: 50 %, 3 of 3 minutes",
    "file system of /var/lib/etcd: 90 %",
    "etcd's database: 95 %",
    "clock: +5.1 to +5.9 s",
  ]);
});

it("a clock that the round trip explains is none", () => {
  const one = looked(minutesOf([1, 1, 1, 1]), {}, { skewMs: [-3000, 9000] });
  expect(judgeHealth(one, [one], LIMITS)).toEqual([]);
});

it.each<[string, Looked, string]>([
  ["no recorder", looked([]), "written nothing yet"],
  [
    "a silent one",
    looked(minutesOf([1, 1, 1, 1]), {}, { clockMs: at(9) * 1000, timer: "inactive" }),
    "for 300 s (timer inactive)",
  ],
  [
    "no etcd",
    looked(MINUTES.map((minute) => sample(minute, {}, { run: "boot ", fsync: null }))),
    "its etcd gives no metrics",
  ],
  ["one minute", looked(minutesOf([1, 1, 1, 1]).slice(-2)), "of 1 of the last 3 minutes"],
  ["only a gap", looked([sample(0, { 1: 1 }), sample(4, { 1: 100 })]), "of 0 of the last 3 minutes"],
])("%s is neither healthy nor not", (_, one, reason) => {
  expect(judgeHealth(one, [one], LIMITS)).toEqual([]);
  expect(blindSpots(one).map((blind) => blind.reason)).toEqual([expect.stringContaining(reason)]);
});

it("a worker that shares nothing needs no recorder", () => {
  expect(blindSpots(looked([], { role: "worker", recorded: false }))).toEqual([]);
});

it("a straddled limit, a worst hour and torn lines are noted", () => {
  const straddles = looked(minutesOf([1, 16, 16, 16]), {}, { torn: 2 });
  expect(notesOn(straddles, [straddles], LIMITS)).toEqual([
    "cp-2: fsync p99 8–16 ms straddles the limit of 10 ms",
    "cp-2: 2 unreadable lines of its recorder were left out",
  ]);
  const earlier = looked(minutesOf([32, 1, 1, 1]), shares("worker-1"));
  expect(notesOn(earlier, [earlier], LIMITS)).toEqual([
    "cp-2: in its worst hour 16–32 ms, written on kvm-1 meanwhile: itself 1.0 MiB/s, worker-1 unknown",
  ]);
});

it("the report has a row for each node, and unknown is not 0", () => {
  const one = looked(minutesOf([1, 1, 1, 1]));
  const without = looked([], { name: "cp-3" });
  const report = {
    ...{ stack: "staging", limits: LIMITS, findings: [], notes: [], nodes: [describeNode(one), describeNode(without)] },
    blind: blindSpots(without),
  };
  expect(report.nodes[0]).toMatchObject({
    commits: { p99: { above: 0, upTo: 1 }, count: 300 },
    lateHeartbeatsLastHour: 0,
  });
  expect(report.nodes[1]).toMatchObject({ commits: null, lateHeartbeatsLastHour: null });
  const text = renderReport(report);
  expect(text).toMatch(/^staging: nothing over a limit where it could be seen; 2 nodes looked at\.\n/);
  expect(text).toMatch(/^ {2}cp-2 .* 0–1 ms .* 5 % +40 % +10 MiB +– +−0\.1 to \+0\.3 s$/m);
  expect(text).toMatch(/^ {2}cp-3 +– +unknown +unknown +– +– +– +– +– /m);
});

it("a probe that was cut off, or has no clock, is refused", () => {
  const times = { askedMs: 1000, answeredMs: 1400 };
  expect(parseHealth({ ...times, stdout: "clock\t1.2\nrecorder\tactive\nsample\t{\nend\n" })).toMatchObject({
    ...{ torn: 1, samples: [], timer: "active", skewMs: [-200, 200], clockMs: 1200 },
  });
  expect(() => parseHealth({ ...times, stdout: "clock\t1.2\n" })).toThrow("the probe did not get to its end");
  expect(() => parseHealth({ ...times, stdout: "end\n" })).toThrow("the probe printed no time");
});
