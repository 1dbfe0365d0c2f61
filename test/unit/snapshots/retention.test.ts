import { expect, it } from "vitest";
import { superfluous, takenAt } from "../../../scripts/stack/snapshots/retention";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const HOUR_MS = 60 * 60 * 1000;
const nameAt = (ms: number): string => `${new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, "")}-cp-1.age`;

it("reads when a snapshot was taken, and takes nothing else for one", () => {
  expect(takenAt("20261129T060000Z-production-cp-1.age")).toBe(Date.parse("2026-11-29T06:00:00Z"));
  for (const name of [
    "notes.txt",
    "20261129T060000Z-cp-1.age.new",
    ".20261129T060000Z-cp-1.age",
    "20261329T060000Z-cp-1.age",
  ])
    expect(takenAt(name)).toBeUndefined();
});

it("keeps all of a day, then one a day, a week and a month", () => {
  const names = Array.from({ length: 4 * 400 }, (_, index) => nameAt(NOW - 6 * HOUR_MS * index));
  const gone = new Set(superfluous(names, NOW));
  const kept = names.filter((name) => !gone.has(name)).map((name) => name.slice(0, 11));
  expect(kept).toEqual([
    ...["20261129T12", "20261129T06", "20261129T00", "20261128T18"],
    ...["20261127T18", "20261126T18", "20261125T18", "20261124T18", "20261123T18"],
    ...["20261122T18", "20261115T18", "20261108T18", "20261101T18"],
    ...["20261031T18", "20260930T18", "20260831T18", "20260731T18", "20260630T18", "20260531T18", "20260430T18"],
    ...["20260331T18", "20260228T18", "20260131T18", "20251231T18"],
  ]);
});

it("keeps what it kept when it is asked again, and the newest whatever its age", () => {
  const names = Array.from({ length: 100 }, (_, index) => nameAt(NOW - 6 * HOUR_MS * index));
  const gone = superfluous(names, NOW);
  expect(
    superfluous(
      names.filter((name) => !gone.includes(name)),
      NOW,
    ),
  ).toEqual([]);
  expect(superfluous([nameAt(0), "mine.txt"], NOW)).toEqual([]);
});
