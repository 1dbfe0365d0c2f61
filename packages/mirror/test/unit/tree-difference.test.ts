import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { listTree, subtractTree } from "../../units/tree-difference";

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "tree-"))));
afterEach(() => rmSync(root, { recursive: true }));

/** A small tree; `changes` come on top. */
function tree(name: string, changes: (directory: string) => void = () => undefined): string {
  const directory = join(root, name);
  mkdirSync(join(directory, "etc", "ssl"), { recursive: true });
  mkdirSync(join(directory, "bin"));
  writeFileSync(join(directory, "bin", "sh"), "shell", { mode: 0o755 });
  writeFileSync(join(directory, "etc", "passwd"), "root");
  symlinkSync("sh", join(directory, "bin", "dash"));
  changes(directory);
  return directory;
}

/** What is left of a tree with these changes, over the plain one. */
function left(changes: (directory: string) => void): string[] {
  const upper = tree("upper", changes);
  subtractTree(upper, listTree(tree("lower")));
  return Object.keys(listTree(upper)).sort();
}

it("leaves nothing of an equal tree", () => {
  expect(left(() => undefined)).toEqual([]);
});

it("keeps what was added and what was changed, with the directories on the way", () => {
  const changes = (directory: string): void => {
    writeFileSync(join(directory, "etc", "passwd"), "root and git");
    writeFileSync(join(directory, "etc", "ssl", "new"), "");
  };
  expect(left(changes)).toEqual(["etc", "etc/passwd", "etc/ssl", "etc/ssl/new"]);
});

it("keeps what changed in mode alone, or in where a link points", () => {
  const changes = (directory: string): void => {
    chmodSync(join(directory, "bin", "sh"), 0o700);
    rmSync(join(directory, "bin", "dash"));
    symlinkSync("bash", join(directory, "bin", "dash"));
  };
  expect(left(changes)).toEqual(["bin", "bin/dash", "bin/sh"]);
});

it("keeps an empty directory with a mode of its own", () => {
  expect(left((directory) => chmodSync(join(directory, "etc", "ssl"), 0o700))).toEqual(["etc", "etc/ssl"]);
});
