/**
 * `npm run check [-- --fix]`: format, lint, types, dependency direction, dead code, the infrastructure repository and
 * shell scripts, two at a time. `--fix` lets the formatters and the linter correct what they can.
 *
 * Exit code 0: all passed; 1: a check failed. Ends with the output of every failed check.
 */
import { Listr, type ListrTask } from "listr2";
import { run } from "./checks/run";
import { installShellTools, isStep, shellScripts } from "./checks/shell";

const fix = process.argv.includes("--fix");
const cache = "node_modules/.cache/check";
const failures: { title: string; output: string }[] = [];

/** A check that fails with the output of its command. */
function check(title: string, command: () => string[] | Promise<string[]>): ListrTask {
  return {
    title,
    task: async () => {
      const { ok, output } = await run(await command());
      if (ok) return;
      failures.push({ title, output });
      throw new Error(title);
    },
  };
}

const checks: ListrTask[] = [
  // The slowest first: reading @pulumi/kubernetes takes most of the type checker's time.
  check("lint (eslint)", () => ["eslint", ".", ...(fix ? ["--fix"] : [])]),
  check("types (tsc)", () => ["tsc", "--noEmit", "--incremental", "--tsBuildInfoFile", `${cache}/tsc.json`]),
  check("format (prettier)", () => {
    const mode = fix ? "--write" : "--check";
    return ["prettier", mode, "--log-level=warn", "--cache", `--cache-location=${cache}/prettier.json`, "."];
  }),
  check("dependency direction (dependency-cruiser)", () => [
    ...["depcruise", "--config", ".dependency-cruiser.cjs", "--output-type", "err"],
    ...["index.ts", "config", "components", "scripts", "packages", "policy", "test", "bench"],
  ]),
  check("dead code (knip)", () => ["knip", "--no-progress", "--no-config-hints"]),
  check("infrastructure repository (check-gitops)", () => ["tsx", "scripts/infra-repo/check.ts"]),
  check("shell format (shfmt)", async () => [
    "shfmt",
    fix ? "--write" : "--diff",
    "--indent=2",
    "--case-indent",
    ...(await shellScripts()),
  ]),
  check("shell scripts (shellcheck)", async () => [
    // A library is checked where it is sourced: alone, half of its variables look unused.
    ...["shellcheck", "--color=never", "--external-sources", "--check-sourced", "--source-path=SCRIPTDIR"],
    ...(await shellScripts()).filter((file) => !isStep(file) && !file.includes("/lib/")),
  ]),
  check("shell scripts as they are sent (shellcheck)", async () => [
    ...["tsx", "test/scripts/as-sent.ts"],
    ...(await shellScripts()).filter(isStep),
  ]),
];

async function main(): Promise<void> {
  await installShellTools();
  // Two at a time: a small machine has two cores, and the type checker alone takes up to 2.7 GB.
  await new Listr(checks, { concurrent: 2, exitOnError: false, rendererOptions: { showErrorMessage: false } }).run();
  for (const { title, output } of failures) process.stderr.write(`\n── ${title}\n${output.trimEnd()}\n`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
