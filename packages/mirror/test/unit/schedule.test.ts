// Does not prove that real components build: packages/mirror/test/built does.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { buildAll } from "../../units/schedule";
import type { Unit } from "../../units/unit";
import { fakeUnit } from "./units";

const silent = { started: () => undefined, finished: () => undefined };

/** Builds everything and returns what began and ended, in order. */
async function trace(units: readonly Unit[], fails: readonly string[] = []): Promise<string[]> {
  const events: string[] = [];
  const build = async (unit: Unit): Promise<void> => {
    events.push(`+${unit.name}`);
    await sleep(unit.seconds);
    if (fails.includes(unit.name)) throw new Error(`${unit.name} failed`);
    events.push(`-${unit.name}`);
  };
  await buildAll(units, build, silent).catch((cause: unknown) => events.push(String(cause)));
  return events;
}

describe("buildAll", () => {
  it("builds two at a time, in order", async () => {
    const units = ["a", "b", "c"].map((name, index) => fakeUnit(name, { seconds: 20 + 20 * index }));
    expect(await trace(units)).toEqual(["+a", "+b", "-a", "+c", "-b", "-c"]);
  });

  it("builds what is needed first, and lets what is ready overtake", async () => {
    const base = fakeUnit("base", { seconds: 40 });
    const image = fakeUnit("image", { needs: [base] });
    expect(await trace([base, image, fakeUnit("tool")])).toEqual([
      "+base",
      "+tool",
      "-tool",
      "-base",
      "+image",
      "-image",
    ]);
  });

  it("takes what isn't in the list for built", async () => {
    expect(await trace([fakeUnit("image", { needs: [fakeUnit("base")] })])).toEqual(["+image", "-image"]);
  });

  it("starts nothing after a failure, lets the rest finish, and throws the first cause", async () => {
    const units = [fakeUnit("bad"), fakeUnit("good", { seconds: 40 }), fakeUnit("later")];
    expect(await trace(units, ["bad"])).toEqual(["+bad", "+good", "-good", "Error: bad failed"]);
  });

  it("refuses a circle", async () => {
    const needs: Unit[] = [];
    const one = fakeUnit("one", { needs });
    needs.push(fakeUnit("two", { needs: [one] }));
    const two = needs[0] ?? one;
    expect(await trace([one, two])).toEqual(["Error: units need each other in a circle: one, two"]);
  });
});
