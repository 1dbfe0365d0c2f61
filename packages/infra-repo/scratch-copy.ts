import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const LEFT_OUT = [".git", "node_modules"];

/** Works on a copy of a repository, without its history, and removes it. */
export async function inScratchCopy<T>(repository: string, work: (copy: string) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-copy-"));
  const copy = join(scratch, "repository");
  try {
    const filter = (source: string): boolean => source === repository || !LEFT_OUT.includes(basename(source));
    cpSync(repository, copy, { recursive: true, verbatimSymlinks: true, filter });
    return await work(copy);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
