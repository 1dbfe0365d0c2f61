/**
 * `npx tsx test/scripts/as-sent.ts SCRIPT ...`: shellcheck on scripts as a machine receives them, exports first, libraries
 * in place of the lines that source them, and nothing without an effect but shellcheck's own directives. Only there shows a name that a library lacks, or a variable that two share.
 *
 * Exit code 0: no finding; 1: findings, or no script to look at. What it doesn't prove: that the exports are the real ones.
 */
import { join } from "node:path";
import { reduceScript } from "../../components/remote/reduce-script";
import { inlineLibraries, renderScript } from "../../components/remote/script";
import { run } from "../../scripts/dev/checks/run";
import { root } from "../../scripts/lib/paths";

async function main(): Promise<void> {
  const files = process.argv.slice(2);
  if (files.length === 0) throw new Error("as-sent — no script is given; name the steps below scripts/remote");
  for (const file of files) {
    const script = reduceScript(inlineLibraries(join(root, file)), (comment) => comment.startsWith("# shellcheck "));
    const text = renderScript(script, { RERUN_ON: "an identity" });
    // SC2153 takes a variable that the program exports for a misspelling of a local one with the same letters.
    const { ok, output } = await run(["shellcheck", "--shell=bash", "--exclude=SC2153", "--color=never", "-"], text);
    if (ok) continue;
    process.stdout.write(`${file}, as it is sent:\n${output}\n`);
    process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
