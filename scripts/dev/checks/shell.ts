import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../lib/paths";
import { run } from "./run";

/** The shell checkers. Each has the name of its Debian package. */
const TOOLS = ["shellcheck", "shfmt"];

/**
 * Installs the shell checkers where they are missing.
 *
 * @throws when apt-get fails, for example without root
 */
export async function installShellTools(): Promise<void> {
  const missing = TOOLS.filter((tool) => !existsSync(join("/usr/bin", tool)));
  if (missing.length === 0) return;
  await run(["apt-get", "update", "-qq"]);
  const { ok, output } = await run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", ...missing]);
  if (!ok) throw new Error(`${missing.join(", ")} — can't be installed: ${output.trim()}; install it and run again`);
}

/** Lists every shell script of the project, relative to its root. */
export async function shellScripts(): Promise<string[]> {
  const listed = await run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.sh", ".ci/run"]);
  return listed.output.split("\n").filter((file) => file !== "" && existsSync(join(root, file)));
}

/** Whether a script is a step for a machine: neither a library nor a command of this computer. */
export function isStep(file: string): boolean {
  return /^scripts\/remote\/(?!lib\/)[\w-]+\/[\w-]+\.sh$/.test(file);
}
