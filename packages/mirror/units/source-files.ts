import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** Files below a directory, sorted, relative to it. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

/** `path mode sha256` of one committed file, for a unit's inputs. Only the executable bit counts, as in Git. */
export function fileInput(path: string, name: string): string {
  const executable = (statSync(path).mode & 0o100) !== 0;
  return `${name} ${executable ? "755" : "644"} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`;
}

/** {@link fileInput} of everything below a directory. */
export function directoryInputs(directory: string): string[] {
  return filesBelow(directory).map((name) => fileInput(join(directory, name), name));
}
