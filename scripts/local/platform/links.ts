import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { paths } from "../../lib/paths";

/** Links the mirror, which the stack reads and serves, and the operator's tools into `.local`. */
export function linkTools(): void {
  link(paths.mirror, join(paths.local, "mirror"));
  for (const tool of ["kubectl", "kubeseal"]) link(join(paths.mirror, "bin", tool), join(paths.bin, tool));
}

function link(target: string, name: string): void {
  mkdirSync(dirname(name), { recursive: true });
  const there = lstatSync(name, { throwIfNoEntry: false });
  if (there?.isSymbolicLink() && readlinkSync(name) === target && existsSync(name)) return;
  rmSync(name, { force: true });
  symlinkSync(target, name);
}
