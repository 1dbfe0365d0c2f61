import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Checked } from "./keys";

/** Reads a file as text, or gives the reason in words. Injected, so that tests of the rules need no files. */
export type FileReader = (path: string) => Checked<string>;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of the path is not a folder",
  EACCES: "no permission to read it",
  EPERM: "no permission to read it",
  EISDIR: "it is a folder",
  ELOOP: "its symbolic links form a loop",
};

/** Reads below a folder; `~/` is the home folder. */
export function fileReader(root: string): FileReader {
  return (path) => {
    const full = path.startsWith("~/") ? join(homedir(), path.slice(2)) : resolve(root, path);
    try {
      return { ok: readFileSync(full, "utf8") };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
      return { wrong: REASONS[code] ?? `the system says ${code}` };
    }
  };
}
