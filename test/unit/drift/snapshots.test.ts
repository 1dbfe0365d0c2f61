import { expect, it } from "vitest";
import { judgeSnapshots } from "../../../scripts/stack/drift/snapshots";

const HOUR_MS = 60 * 60 * 1000;
const NOW = Date.parse("2026-11-29T12:00:00Z");
const seen = (hours: number, taken = true) => ({ clockMs: NOW, snapshot: { atMs: NOW - hours * HOUR_MS, taken } });
const none = { clockMs: NOW };

it("is content while one control plane has a young one, whatever the others have or answer", () => {
  for (const nodes of [[seen(12)], [seen(90), seen(1)], [undefined, seen(5)], [seen(3, false)]])
    expect(judgeSnapshots(6, nodes)).toEqual({ findings: [], blind: [] });
});

it("reports the age of the newest one", () => {
  const { blind, findings } = judgeSnapshots(6, [seen(60), seen(49.9), seen(90, false)]);
  expect(blind).toEqual([]);
  expect(findings).toMatchObject([
    { where: "cluster", expected: "one every 6 h", found: "newest snapshot is 49 h old" },
  ]);
  expect(judgeSnapshots(6, [seen(13, false)]).findings[0]?.found).toBe("no snapshot in 13 h");
});

it("does not know it when a control plane that could not be looked at may have a newer one", () => {
  for (const nodes of [[undefined], [seen(49), undefined], [none]]) {
    const { blind, findings } = judgeSnapshots(6, nodes);
    expect(findings).toEqual([]);
    expect(blind).toHaveLength(1);
  }
});
