// Proves how a node's result is read and told. The decision is made on the node: test/scripts/node/measure-fsync.bats.
import { describe, expect, it } from "vitest";
import { describeGateResult, parseGateResult, type GateResult } from "../../../components/disk-gate/measurement";

const RESULT: GateResult = {
  p50Ms: 0.489,
  p99Ms: 0.815,
  p999Ms: 3.785,
  iops: 2474,
  directory: "/var/lib/etcd",
  device: "/dev/vda1",
  fileSystem: "ext4",
  fioVersion: "fio-3.33",
  time: "2026-11-23T19:02:59Z",
  load: 0.4,
  cpus: 2,
  cpuPressure: null,
  stealPercent: 0,
  limitMs: 10,
  verdict: "passed",
};

describe("parseGateResult", () => {
  it("reads what the script prints", () => {
    expect(parseGateResult("cp-1", `${JSON.stringify(RESULT)}\n`)).toEqual(RESULT);
  });

  it("names every unusable field", () => {
    const broken = { ...RESULT, iops: "2474", p99Ms: undefined, verdict: "failed" };
    expect(() => parseGateResult("cp-1", JSON.stringify(broken))).toThrow(
      "[disk-gate] cp-1: the gate result lacks a usable iops, p99Ms, verdict",
    );
  });

  it.each([
    ["fio: not found", '[disk-gate] cp-1: the gate script printed no JSON (got "fio: not found")'],
    ["null", "[disk-gate] cp-1: the gate result is not an object"],
  ])("refuses %s", (stdout, message) => {
    expect(() => parseGateResult("cp-1", stdout)).toThrow(message);
  });
});

it.each([
  [RESULT, "p99 0.82 ms (limit 10 ms), 2474 syncs/s on /dev/vda1, ext4"],
  [
    { ...RESULT, p99Ms: 41.2, verdict: "overridden" as const, override: { reason: "a lab" } },
    "p99 41.2 ms (limit 10 ms), 2474 syncs/s on /dev/vda1, ext4; accepted by override: a lab",
  ],
])("describeGateResult", (result, line) => {
  expect(describeGateResult(result)).toBe(line);
});
