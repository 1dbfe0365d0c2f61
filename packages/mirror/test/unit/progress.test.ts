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
  it("begins with what is expected, whatever the first seconds say", () => {
    const { tracker, pass } = tracked({ kubernetes: 400, crane: 100 });
    tracker.started({ name: "kubernetes" });
    pass(20);
    expect(tracker.status()).toEqual({
      done: 0,
      total: 2,
      running: ["kubernetes"],
      elapsedSeconds: 20,
      remainingSeconds: 480,
    });
  });

  it("adapts to a machine that is twice as fast", () => {
    const { tracker, pass } = tracked({ kubernetes: 400, crane: 100 });
    tracker.started({ name: "kubernetes" });
    pass(200);
    tracker.finished({ name: "kubernetes" });
    expect(tracker.status().remainingSeconds).toBe(50);
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
    expect(describeStatus(tracker.status())).toBe("0 of 2 · 0 s · about 9 min 45 s left · a");
    pass(100);
    tracker.finished({ name: "a" });
    expect(describeStatus(tracker.status())).toBe("1 of 2 · 1 min 40 s · about 8 min 05 s left");
  });
});

describe("plainDisplay", () => {
  it("writes a line for everything that happens", () => {
    const lines: string[] = [];
    const display = plainDisplay((line) => lines.push(line));
    const { tracker, pass } = tracked({ crane: 50, registry: 100 });
    display.note("installing zstd with apt-get");
    display.begin(tracker);
    tracker.started({ name: "crane" });
    display.started("crane", tracker);
    pass(50);
    tracker.finished({ name: "crane" });
    display.finished("crane", 50, tracker);
    display.end();
    expect(lines).toEqual([
      "mirror: installing zstd with apt-get",
      "mirror: 2 components to build [0/2, about 2 min 30 s left]",
      "mirror: [0/2, about 2 min 30 s left] building crane",
      "mirror: [1/2, about 1 min 40 s left] crane built in 50 s",
    ]);
  });
});
