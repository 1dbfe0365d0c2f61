import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../lib/paths";
import type { StoredSnapshot } from "./nodes";
import { superfluous, takenAt } from "./retention";

/** Where this computer keeps a stack's snapshots, all of them encrypted. */
export class SnapshotDirectory {
  /** @param given by the operator. @default `snapshots/STACK` in the clone, which Git ignores */
  constructor(
    stack: string,
    given: string | undefined,
    readonly path = given ?? join(root, "snapshots", stack),
  ) {}

  /** Oldest first. */
  list(): StoredSnapshot[] {
    if (!existsSync(this.path)) return [];
    const names = readdirSync(this.path).filter((name) => takenAt(name) !== undefined);
    return names.sort().map((name) => ({ name, bytes: statSync(join(this.path, name)).size }));
  }

  /** @throws when there is none of that name */
  read(name: string): Buffer {
    const file = join(this.path, name);
    if (takenAt(name) !== undefined && existsSync(file)) return readFileSync(file);
    const newest = this.list().at(-1)?.name ?? "none at all";
    throw new Error(
      `${file} — there is no snapshot of that name (the newest is ${newest}); npm run snapshots -- STACK list prints them`,
    );
  }

  /** Stores a snapshot, whole or not at all. */
  add(name: string, file: Buffer): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    const draft = join(this.path, `.${name}.new`);
    writeFileSync(draft, file, { mode: 0o600 });
    renameSync(draft, join(this.path, name));
  }

  /** Removes what the scheme of grandfather, father and son has no place for. @returns their names */
  thin(nowMs: number): string[] {
    const names = superfluous(
      this.list().map(({ name }) => name),
      nowMs,
    );
    for (const name of names) rmSync(join(this.path, name));
    return names;
  }
}
