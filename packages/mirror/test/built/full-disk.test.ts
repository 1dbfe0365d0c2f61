// A really full file system: a tmpfs of a few MiB. Root only.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { goUnit } from "../../units/go-component";
import { BuildStore } from "../../units/store";
import { GO_COMPONENTS } from "../../catalogue/go-components";
import { explainDiskFull } from "../../host/disk-space";
import { ensureMirror } from "../../ensure-mirror";

let disk: string;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), "small-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]);
});
afterEach(() => {
  execFileSync("umount", [disk]);
  rmSync(disk, { recursive: true });
});

it("doesn't begin what can't fit, and says how much it takes", async () => {
  const begun: string[] = [];
  await expect(ensureMirror({ cache: disk, log: (line) => begun.push(line) })).rejects.toThrow(
    /^\S+ — too little disk space \(0\.0 GiB free, need \d+\.\d GiB\) — free space there .*, then run npm run mirror again/,
  );
  expect(begun).toEqual([]);
});

it("says so when the compiler finds no room, and goes on when there is", async () => {
  const unit = goUnit(GO_COMPONENTS["cni-flannel"], "go");
  const store = new BuildStore(disk);
  await store.open();
  const cause: unknown = await store.build(unit).then(
    () => "built",
    (failure: unknown) => failure,
  );
  expect(String(await explainDiskFull(cause, disk, unit.name, 60))).toMatch(
    /— the disk became full while cni-flannel was built \(0\.0 GiB free now, need about 0\.1 GiB more\) — free space there/,
  );
  expect(store.has(unit)).toBe(false);

  execFileSync("mount", ["-o", "remount,size=200m", disk]);
  const later = new BuildStore(disk);
  await later.open();
  await later.build(unit);
  expect(later.has(unit)).toBe(true);
});
