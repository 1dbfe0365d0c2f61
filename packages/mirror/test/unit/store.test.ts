import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BuildStore } from "../../units/store";
import { isMadeFrom, unitKey } from "../../units/unit";
import { fakeUnit } from "./units";

let cache: string;
beforeEach(() => (cache = mkdtempSync(join(tmpdir(), "store-"))));
afterEach(() => rmSync(cache, { recursive: true }));

async function opened(): Promise<BuildStore> {
  const store = new BuildStore(cache);
  await store.open();
  return store;
}

describe("unitKey", () => {
  const base = fakeUnit("base", { inputs: ["1"] });
  const image = fakeUnit("image", { needs: [base] });

  it("is stable and depends on name, inputs and needs, not on estimates", () => {
    expect(unitKey(base)).toMatch(/^[0-9a-f]{20}$/);
    expect(unitKey({ ...base, seconds: 99, diskMiB: 99 })).toBe(unitKey(base));
    expect(unitKey({ ...base, inputs: ["2"] })).not.toBe(unitKey(base));
    expect(unitKey({ ...base, name: "other" })).not.toBe(unitKey(base));
    expect(unitKey({ ...image, needs: [{ ...base, inputs: ["2"] }] })).not.toBe(unitKey(image));
  });

  it("tells what is made from what", () => {
    expect([isMadeFrom(base, [base]), isMadeFrom(image, [base]), isMadeFrom(base, [image])]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe("BuildStore", () => {
  it("keeps a finished output and its duration", async () => {
    const store = await opened();
    const unit = fakeUnit("tool", { build: (directory) => writeFile(join(directory, "tool"), "binary") });
    expect([store.has(unit), store.expectedSeconds(unit)]).toEqual([false, 10]);
    await store.build(unit);
    expect(readFileSync(join(store.directory(unit), "tool"), "utf8")).toBe("binary");
    const again = await opened();
    expect([again.has(unit), again.expectedSeconds(unit)]).toEqual([true, 1]);
    await again.discard(unit);
    expect(again.has(unit)).toBe(false);
  });

  it("leaves nothing of a failed build but its log", async () => {
    const store = await opened();
    const unit = fakeUnit("tool", {
      build: async (directory) => {
        await writeFile(join(directory, "half"), "");
        throw new Error("compiler died");
      },
    });
    await expect(store.build(unit)).rejects.toThrow("compiler died");
    expect(store.has(unit)).toBe(false);
    expect(readdirSync(join(cache, "build", ".scratch"))).toEqual([]);
    expect(readFileSync(join(cache, "build", "log", "tool.log"), "utf8")).toBe("failed: Error: compiler died\n");
  });

  it("clears what a killed run left", async () => {
    const store = await opened();
    let left = "";
    const unit = fakeUnit("tool", {
      build: async (directory) => {
        left = directory;
        await writeFile(join(directory, "half"), "");
        await opened(); // as the next run would
        expect(existsSync(left)).toBe(false);
        throw new Error("killed");
      },
    });
    await expect(store.build(unit)).rejects.toThrow("killed");
  });
});
