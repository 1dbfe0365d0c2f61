// Proves how a node's result is read and told. The decision is made on the node: test/scripts/remote/measure-fsync.bats.
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
  peers: [],
  warnings: [],
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

it("reads a result that was kept before peers were measured", () => {
  const { peers: _peers, warnings: _warnings, ...old } = RESULT;
  expect(parseGateResult("cp-1", JSON.stringify(old))).toEqual(RESULT);
});

const PEER = { name: "cp-2", address: "10.0.0.12", sent: 100, lossPercent: 0, p99Ms: 0.31, maxMs: 0.8 };

it.each<[GateResult, string]>([
  [RESULT, "fdatasync p99 0.8 ms (limit 10 ms, passed), CPU steal 0 %"],
  [
    { ...RESULT, peers: [PEER], together: { hypervisor: "h", with: ["worker-1"], p99Ms: 4.2, stealPercent: 0 } },
    "fdatasync p99 0.8 ms (limit 10 ms, passed), 4.2 ms together with worker-1, CPU steal 0 %, round trip to cp-2 0.3 ms",
  ],
  [
    { ...RESULT, p99Ms: 41.2, verdict: "overridden", override: { reason: "a lab" } },
    "fdatasync p99 41.2 ms (limit 10 ms, overridden), CPU steal 0 %",
  ],
  [
    {
      ...RESULT,
      attempts: [
        { p99Ms: 14.2, load: 9.5, cpuPressure: 61, stealPercent: 0 },
        { p99Ms: 0.815, load: 3.1, cpuPressure: 12, stealPercent: 0 },
      ],
    },
    "fdatasync p99 0.8 ms (limit 10 ms, passed), measured before: 14.2 ms at load 9.5, CPU steal 0 %",
  ],
])("describeGateResult", (result, line) => {
  expect(describeGateResult(result)).toBe(line);
});
