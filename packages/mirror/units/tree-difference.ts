import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readdirSync, readlinkSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/** Path → type, mode, owner and content of the entry; equal text means that a lower layer already has it. */
export type TreeListing = Readonly<Record<string, string>>;

function describe(path: string): string {
  const entry = lstatSync(path);
  const owner = `${(entry.mode & 0o7777).toString(8)} ${entry.uid}:${entry.gid}`;
  if (entry.isDirectory()) return `directory ${owner}`;
  if (entry.isSymbolicLink()) return `link ${readlinkSync(path)}`;
  if (entry.isFile()) return `file ${owner} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
  return `special ${owner} ${entry.rdev}`;
}

function* walk(root: string, below = ""): Generator<[path: string, isDirectory: boolean]> {
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) yield* walk(root, path);
    yield [path, entry.isDirectory()]; // children first, so that an emptied directory can go
  }
}

/** Lists a whole tree. */
export function listTree(root: string): TreeListing {
  return Object.fromEntries([...walk(root)].map(([path]) => [path, describe(join(root, path))]));
}

/**
 * Removes everything from a tree that a lower layer already holds in the same form: the rest, laid over that layer, shows
 * the whole tree. Entries that only the lower layer has stay visible; no image needs them hidden.
 */
export function subtractTree(root: string, lower: TreeListing): void {
  for (const [path, isDirectory] of walk(root)) {
    const full = join(root, path);
    if (lower[path] !== describe(full)) continue;
    if (!isDirectory) unlinkSync(full);
    else if (readdirSync(full).length === 0) rmdirSync(full);
  }
}
