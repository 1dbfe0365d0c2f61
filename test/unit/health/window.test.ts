/** What two lines of a recorder say of the time between them. Does not prove what etcd counts; the drill slow-disk-later looks. */
import { describe, expect, it } from "vitest";
import { describeRange, p99Of, verdictOn } from "../../../scripts/stack/health/percentile";
import { parseSample, type Sample } from "../../../scripts/stack/health/sample";
import { fsyncOver, windowsOf, worstHour, writingIn } from "../../../scripts/stack/health/window";
import { at, histogram, sample } from "./samples";

describe("a percentile", () => {
  it.each([
    [{ 1: 100 }, "0–1 ms"],
    [{ 1: 98, 2: 1, 4: 1 }, "1–2 ms"],
    [{ 1: 98, 8: 2 }, "4–8 ms"],
    [{ 16: 1 }, "8–16 ms"],
    [{ 1: 1, Infinity: 1 }, "over 32 ms"],
  ])("is a range between two bounds: %j", (counts, expected) => {
    const range = p99Of(histogram(counts));
    expect(range && describeRange(range)).toBe(expected);
  });

  it("of nothing is unknown", () => {
    expect(p99Of(histogram({}))).toBeUndefined();
  });

  it.each([
    [{ above: 4, upTo: 8 }, "within"],
    [{ above: 8, upTo: 10 }, "within"],
    [{ above: 8, upTo: 16 }, "straddles"],
    [{ above: 8, upTo: null }, "straddles"],
    [{ above: 10, upTo: 20 }, "over"],
    [{ above: 16, upTo: 32 }, "over"],
    [{ above: 8192, upTo: null }, "over"],
  ] as const)("%j is %s a limit of 10 ms", (range, expected) => {
    expect(verdictOn(range, 10)).toBe(expected);
  });
});

describe("a window", () => {
  const [first, second] = [sample(0, { 1: 100 }), sample(1, { 1: 150, 16: 50 })];

  it("has what was counted in between", () => {
    const [window, ...more] = windowsOf([first, second]);
    expect(more).toEqual([]);
    expect(window).toMatchObject({
      from: at(0),
      to: at(1),
      leaderChanges: 0,
      stealPercent: 5,
      writtenBytes: 60_000_000,
    });
    expect(window && fsyncOver([window])).toEqual({ from: at(0), to: at(1), p99: { above: 8, upTo: 16 }, count: 100 });
  });

  it("of a missed minute holds its counts as well, and is longer", () => {
    const [window] = windowsOf([first, sample(3, { 1: 400 })]);
    expect(window && fsyncOver([window])).toMatchObject({ from: at(0), to: at(3), count: 300 });
  });

  it("in which etcd started has what that counted since, not a difference and not zero", () => {
    const [window] = windowsOf([sample(0, { 1: 9000 }), sample(1, { 1: 3, 16: 7 }, { run: `boot ${at(0) + 20}.5` })]);
    expect(window && fsyncOver([window])).toMatchObject({ count: 10, p99: { above: 8, upTo: 16 } });
    expect(window).toMatchObject({ leaderChanges: 4, stealPercent: 5 });
  });

  it.each<[string, Partial<Sample>]>([
    ["etcd gave no metrics", { run: "boot ", fsync: null, commit: null, leaderChanges: null }],
    ["the computer rebooted, and etcd had been older", { run: `other ${at(-100)}` }],
  ])("in which %s has no fsync", (_, fields) => {
    const [window] = windowsOf([first, sample(1, { 1: 150 }, fields)]);
    expect(window).toMatchObject({ fsync: null, leaderChanges: null });
    expect(window && fsyncOver([window])).toBeUndefined();
  });

  it("knows nothing of a metric that one of its ends lacks", () => {
    const [window] = windowsOf([sample(0, {}, { ioStalled: null, written: null, steal: null }), second]);
    expect(window).toMatchObject({ ioPressure: null, writtenBytes: null, stealPercent: null, cpuPressure: 1 });
  });

  it("ends nowhere when the clock was set back", () => {
    expect(windowsOf([second, first])).toEqual([]);
  });
});

it("the worst hour is found by its own counts", () => {
  const hours = [
    sample(0, { 1: 0 }),
    sample(60, { 1: 1000 }),
    sample(120, { 1: 1900, 16: 100 }),
    sample(180, { 1: 3000, 16: 100 }),
  ];
  expect(worstHour(windowsOf(hours))).toEqual({ from: at(60), to: at(120), p99: { above: 8, upTo: 16 }, count: 1000 });
  expect(worstHour([])).toBeUndefined();
});

it("what a node wrote in a time is the part of its windows that lies in it", () => {
  const windows = windowsOf([sample(0, {}), sample(1, {}), sample(2, {}, { written: 60_000_000 })]);
  expect(writingIn(windows, at(0), at(1))).toBe(1_000_000);
  expect(writingIn(windows, at(0) + 30, at(1) + 30)).toBe(500_000);
  expect(writingIn(windows, at(5), at(6))).toBeUndefined();
});

it("a line is read whole or not at all", () => {
  const line = JSON.stringify(sample(0, { 1: 5 }));
  expect(parseSample(line)).toEqual(sample(0, { 1: 5 }));
  for (const torn of [line.slice(0, 40), "\0\0\0", "null", line.replace('"steal":0', '"steal":"x"')])
    expect(parseSample(torn)).toBeUndefined();
});
