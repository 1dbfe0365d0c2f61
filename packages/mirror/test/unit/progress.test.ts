import { describe, expect, it } from "vitest";
import { describeStatus, formatDuration, plainDisplay, ProgressTracker } from "../../progress";

function tracked(expected: Record<string, number>): { tracker: ProgressTracker; pass: (seconds: number) => void } {
  let now = 0;
  const tracker = new ProgressTracker(new Map(Object.entries(expected)), () => now);
  return { tracker, pass: (seconds) => void (now += seconds * 1000) };
}

describe("formatDuration", () => {
  it.each([
    [0, "0 s"],
    [59.4, "59 s"],
    [60, "1 min 00 s"],
    [485, "8 min 05 s"],
  ])("%s s → %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe("ProgressTracker", () => {
  it("estimates nothing before there is a pace", () => {
    const { tracker, pass } = tracked({ kubernetes: 400, crane: 100 });
    tracker.started({ name: "kubernetes" });
    pass(20);
    expect(tracker.status()).toEqual({
      done: 0,
      total: 2,
      running: ["kubernetes"],
      elapsedSeconds: 20,
      remainingSeconds: undefined,
    });
  });

  it("adapts to a machine that is twice as fast", () => {
    const { tracker, pass } = tracked({ kubernetes: 400, crane: 100 });
    tracker.started({ name: "kubernetes" });
    pass(200);
    tracker.finished({ name: "kubernetes" });
    expect(tracker.status().remainingSeconds).toBeCloseTo(51.6, 1);
  });

  it("does not jump when the first components are done", () => {
    // Forty components of 50 s, two at a time: 1,000 s in all.
    const names = Array.from({ length: 40 }, (_, index) => `unit-${index}`);
    const { tracker, pass } = tracked(Object.fromEntries(names.map((name) => [name, 50])));
    const ends: number[] = [];
    for (let index = 0; index < names.length; index += 2) {
      const pair = names.slice(index, index + 2).map((name) => ({ name }));
      for (const unit of pair) tracker.started(unit);
      pass(50);
      for (const unit of pair) tracker.finished(unit);
      const { elapsedSeconds, remainingSeconds } = tracker.status();
      if (remainingSeconds !== undefined) ends.push(elapsedSeconds + remainingSeconds);
    }
    expect(ends).toHaveLength(19);
    expect(Math.max(...ends)).toBeLessThan(1150);
    expect(Math.min(...ends)).toBeGreaterThan(995);
  });

  it("never says that a slow component is done", () => {
    const { tracker, pass } = tracked({ kubernetes: 100 });
    tracker.started({ name: "kubernetes" });
    pass(500);
    expect(tracker.status().remainingSeconds).toBeGreaterThan(5);
  });

  it("reads well in one line", () => {
    const { tracker, pass } = tracked({ a: 100, b: 485 });
    tracker.started({ name: "a" });
    expect(describeStatus(tracker.status())).toBe("0 of 2 · 0 s · a");
    pass(100);
    tracker.finished({ name: "a" });
    expect(describeStatus(tracker.status())).toMatch(/^1 of 2 · 1 min 40 s · about \d min \d\d s left$/);
  });
});

describe("plainDisplay", () => {
  it("writes one line for each component", () => {
    const lines: string[] = [];
    const display = plainDisplay((line) => lines.push(line));
    const { tracker, pass } = tracked({ crane: 50, registry: 100 });
    display.note("installing zstd with apt-get");
    display.begin(tracker);
    for (const [unit, seconds] of [
      ["crane", 50],
      ["registry", 100],
    ] as const) {
      tracker.started({ name: unit });
      display.started(unit, tracker);
      pass(seconds);
      tracker.finished({ name: unit });
      display.finished(unit, seconds, tracker);
    }
    display.end();
    expect(lines).toEqual([
      "mirror: installing zstd with apt-get",
      "mirror: 2 components to build",
      expect.stringMatching(/^mirror: \[1\/2, about 1 min \d\d s left\] crane built in 50 s$/),
      "mirror: [2/2, almost done] registry built in 1 min 40 s",
    ]);
  });
});
