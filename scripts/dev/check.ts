import { Listr, type ListrTask } from "listr2";
import { installMissing } from "../lib/apt";
import { defineCommand, runAsProgram } from "@gitops-platform/cli/command";
import { run } from "./checks/run";
import { isStep, SHELL_TOOLS, shellScripts } from "./checks/shell";

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

function checks(fix: boolean): ListrTask[] {
  return [
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
}

export const command = defineCommand({
  name: "npm run check",
  summary:
    "Format, lint, types, dependency direction, dead code, the infrastructure repository and shell scripts, two at a time. " +
    "Ends with the output of each failed check.",
  arguments: [],
  flags: { fix: { type: "boolean", summary: "corrects what a tool can correct by itself" } },
  exits: { 0: "every check passed", 1: "a check failed" },
  run: async (_, { fix }) => {
    await installMissing(SHELL_TOOLS, (line) => void process.stderr.write(`${line}\n`));
    // Two at a time: a small machine has two cores, and the type checker alone takes up to 2.7 GB.
    const options = { concurrent: 2, exitOnError: false, rendererOptions: { showErrorMessage: false } };
    await new Listr(checks(fix), options).run();
    for (const { title, output } of failures) process.stderr.write(`\n── ${title}\n${output.trimEnd()}\n`);
    return failures.length > 0 ? 1 : 0;
  },
});

runAsProgram(module, command);
