/**
 * `npm run check [-- --fix]`: format, lint, types, dependency direction, dead code, the
 * infrastructure repository and shell scripts, two at a time.
 *
 * Ends with what each failed check said, exit 1 if there was one. `--fix` corrects what a tool can correct by itself.
 */
import { Listr, type ListrTask } from "listr2";
import { run } from "./checks/run";
import { checkRendered, installShellTools, isStep, shellScripts } from "./checks/shell";

const fix = process.argv.includes("--fix");
const cache = "node_modules/.cache/check";
const RENDERED = "shell scripts as they are sent (shellcheck)";
const failures: { title: string; output: string }[] = [];

/** A check that fails with the output of its command. */
function check(title: string, command: () => string[] | Promise<string[]>): ListrTask {
  return {
    title,
    task: async () => {
      const { ok, output } = await run(await command());
      if (!ok) fail(title, output);
    },
  };
}

function fail(title: string, output: string): never {
  failures.push({ title, output });
  throw new Error(title);
}

const checks: ListrTask[] = [
  // The slowest first: @pulumi/kubernetes alone is most of the type checker's time.
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
    // Libraries are checked where they are sourced: alone, half of their variables look unused.
    ...["shellcheck", "--color=never", "--external-sources", "--check-sourced", "--source-path=SCRIPTDIR"],
    ...(await shellScripts()).filter((file) => !isStep(file) && !file.includes("/lib/")),
  ]),
  {
    title: RENDERED,
    task: async () => {
      const found: string[] = [];
      for (const file of (await shellScripts()).filter(isStep)) found.push(await checkRendered(file));
      const output = found.filter((text) => text !== "").join("\n");
      if (output !== "") fail(RENDERED, output);
    },
  },
];

async function main(): Promise<void> {
  await installShellTools();
  // Two at a time: two cores are what a small machine has, and the type checker alone takes up to 2.7 GB.
  await new Listr(checks, { concurrent: 2, exitOnError: false, rendererOptions: { showErrorMessage: false } }).run();
  for (const { title, output } of failures) process.stderr.write(`\n── ${title}\n${output.trimEnd()}\n`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
