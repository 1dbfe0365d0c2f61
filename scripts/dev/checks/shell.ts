import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../lib/paths";
import { run } from "./run";

/** The shell checkers' Debian packages, by a file of each. */
export const SHELL_TOOLS = { shellcheck: "/usr/bin/shellcheck", shfmt: "/usr/bin/shfmt" } as const;

/** Lists every shell script of the project, relative to its root. */
export async function shellScripts(): Promise<string[]> {
  const listed = await run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.sh", ".ci/run"]);
  return listed.output.split("\n").filter((file) => file !== "" && existsSync(join(root, file)));
}

/** Whether a script is a step for a machine: neither a library nor a command of this computer. */
export function isStep(file: string): boolean {
  return /^scripts\/remote\/(?!lib\/)[\w-]+\/[\w-]+\.sh$/.test(file);
}
