import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { SnapshotDirectory } from "../../../scripts/stack/snapshots/directory";

const parent = mkdtempSync(join(tmpdir(), "gitops-platform-directory-"));
const path = join(parent, "staging");
const NAME = "20261129T060000Z-cp-1.age";
const directory = new SnapshotDirectory("staging", path);
afterEach(() => rmSync(path, { recursive: true, force: true }));

it("keeps what it is given, for its owner alone, and nothing half-written", () => {
  expect(directory.list()).toEqual([]);
  directory.add(NAME, Buffer.from("sealed"));
  expect(directory.list()).toEqual([{ name: NAME, bytes: 6 }]);
  expect(directory.read(NAME).toString()).toBe("sealed");
  expect(readdirSync(path)).toEqual([NAME]);
  expect([path, join(path, NAME)].map((file) => statSync(file).mode & 0o777)).toEqual([0o700, 0o600]);
});

it("names the newest one for a name that it lacks, and reads no other file", () => {
  expect(() => directory.read(NAME)).toThrow("there is no snapshot of that name (the newest is none at all)");
  directory.add(NAME, Buffer.from("sealed"));
  writeFileSync(join(path, "notes.txt"), "mine");
  for (const name of ["20261128T060000Z-cp-1.age", "notes.txt", "../secret"])
    expect(() => directory.read(name)).toThrow(`(the newest is ${NAME})`);
});

it("thins out what it has, and leaves other files alone", () => {
  const now = Date.parse("2026-12-05T12:00:00Z");
  for (const name of ["20261129T000000Z-cp-1.age", NAME, "20261205T060000Z-cp-2.age"])
    directory.add(name, Buffer.from("x"));
  writeFileSync(join(path, "notes.txt"), "mine");
  expect(directory.thin(now)).toEqual(["20261129T000000Z-cp-1.age"]);
  expect(readdirSync(path).sort()).toEqual([NAME, "20261205T060000Z-cp-2.age", "notes.txt"]);
});
