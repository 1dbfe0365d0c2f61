import { existsSync } from "node:fs";
import { join } from "node:path";
import { inlineLibraries, renderScript } from "../../../components/remote/script";
import { root } from "../../lib/paths";
import { run } from "./run";

/** The checkers, by the Debian package that brings each. */
const TOOLS = ["shellcheck", "shfmt"];

/**
 * Installs the shell checkers where they are missing.
 *
 * @throws when the package manager fails, for example for want of root
 */
export async function installShellTools(): Promise<void> {
  const missing = TOOLS.filter((tool) => !existsSync(join("/usr/bin", tool)));
  if (missing.length === 0) return;
  await run(["apt-get", "update", "-qq"]);
  const { ok, output } = await run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", ...missing]);
  if (!ok) throw new Error(`${missing.join(", ")} — can't be installed: ${output.trim()}; install it and run again`);
}

/** Every shell script of the project, relative to its root. */
export async function shellScripts(): Promise<string[]> {
  const listed = await run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.sh", ".ci/run"]);
  return listed.output.split("\n").filter((file) => file !== "" && existsSync(join(root, file)));
}

/** Whether a file is a step that is sent to a machine: not a library, and not run on this computer. */
export function isStep(file: string): boolean {
  return /^scripts\/remote\/(?!lib\/)[\w-]+\/[\w-]+\.sh$/.test(file);
}

/**
 * Checks a script as it is really sent to a machine: exports first, libraries in place of the lines that source them.
 * A name that a library lacks, or a variable that two of them share, shows only here.
 *
 * @returns what is wrong; empty if nothing is
 */
export async function checkRendered(file: string): Promise<string> {
  const text = renderScript(inlineLibraries(join(root, file)), { RERUN_ON: "an identity" });
  // SC2153 takes a variable that the program exports for a misspelling of a local one with the same letters.
  const { ok, output } = await run(["shellcheck", "--shell=bash", "--exclude=SC2153", "--color=never", "-"], text);
  return ok ? "" : `${file}, as it is sent:\n${output}`;
}
