import { performance } from "node:perf_hooks";
import { Listr } from "listr2";
import { ensureMirror } from "@gitops-platform/mirror/mirror";
import { formatDuration, taskDisplay } from "@gitops-platform/mirror/progress";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { waitForApi } from "../lib/api-server";
import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { redacted } from "@gitops-platform/cli/redaction";
import { ensureKeys } from "./platform/keys";
import { holdPlatform } from "./platform/exclusive";
import { linkArgocd, linkTools } from "./platform/links";
import { paths } from "../lib/paths";
import { installPackages, preflight } from "./platform/preflight";
import { localTarget } from "../lib/pulumi";
import { update, type UpdateResult } from "../lib/update";
import { recoverPlatform, type Recovery } from "./platform/recovery";
import { configuredReleases, prepareStack, readOutputs, writeOutputs } from "./platform/stack";
import { applicationReport } from "../stack/access/application-report";
import { observe, renderSummary } from "./platform/summary";

/** A control plane of this computer that was just started is ready within half a minute, on busy cores within two. */
const API_SECONDS = 180;

/** Tools → mirror → keys and stack → `pulumi up` → summary; every step looks first and does only what is missing. */
async function start(): Promise<number> {
  const begin = performance.now();
  await holdPlatform();
  const problems = await preflight();
  if (problems.length > 0) {
    process.stderr.write(`The local platform can't be started here; nothing was changed:\n${list(problems)}\n`);
    return 1;
  }
  let recovery: Recovery | undefined;
  let result: UpdateResult | undefined;
  const tasks = new Listr(
    [
      {
        title: "Host packages",
        task: async (_, task) => {
          const installed = await installPackages((line) => (task.output = line));
          task.title = installed.length
            ? `Host packages: installed ${installed.join(", ")}`
            : "Host packages are there";
        },
      },
      {
        title: "Pulumi",
        task: async (_, task) => {
          const { origin } = await ensurePulumi({
            home: paths.pulumiHome,
            cache: paths.cache,
            log: (line) => (task.output = line),
          });
          task.title =
            origin === "official"
              ? "Pulumi: official plugins"
              : "Pulumi: built from its modules, with stand-ins for command and random (packages/stand-ins/README.md)";
        },
        rendererOptions: { persistentOutput: true },
      },
      {
        title: "Mirror",
        task: async (_, task) => {
          const begun = performance.now();
          const log = (line: string): void => void (task.output = line);
          // A moving estimate on a terminal, elsewhere a line for each unit that is built.
          const { changed } = await ensureMirror({
            cache: paths.cache,
            releases: configuredReleases(),
            ...(process.stdout.isTTY ? { display: taskDisplay(task) } : { log }),
          });
          const duration = formatDuration((performance.now() - begun) / 1000);
          task.title = changed ? `Mirror: updated in ${duration}` : "Mirror is up to date";
        },
      },
      {
        title: "Keys and stack",
        task: async (_, task) => {
          ensureKeys();
          linkTools();
          await prepareStack();
          recovery = await recoverPlatform();
          for (const line of recovery.done) task.output = line;
        },
        rendererOptions: { persistentOutput: true },
      },
      {
        title: "pulumi up",
        task: async (_, task) => {
          const report = (line: string): void => void (task.output = line);
          if (recovery?.api) await waitForApi(recovery.api, { seconds: API_SECONDS, report });
          result = await update("up", localTarget(), recovery?.upArgs ?? [], report, "phases");
          if (result.exitCode !== 0) throw new Error("pulumi up failed");
          task.title = result.changed ? "pulumi up: done" : "pulumi up: nothing to change";
        },
        rendererOptions: { outputBar: 9, persistentOutput: true },
      },
    ],
    { fallbackRenderer: "simple", rendererOptions: { showErrorMessage: false }, concurrent: false },
  );
  try {
    await tasks.run();
  } catch (error) {
    const applications = result ? await applicationReport(localTarget()) : [];
    process.stderr.write(redacted(`\n${[failure(error, result), ...applications].join("\n")}\n`));
    return 1;
  }
  const outputs = await readOutputs();
  writeOutputs(outputs);
  await linkArgocd(outputs.argocd.url);
  const duration = formatDuration((performance.now() - begin) / 1000);
  const headline = result?.changed ? "The local platform is up" : "The local platform is up already";
  print(`\n${headline} (${duration}).\n\n${renderSummary(outputs, await observe())}\n`);
  return 0;
}

function failure(error: unknown, result: UpdateResult | undefined): string {
  if (!result) return error instanceof Error ? error.message : String(error);
  return [
    "The platform is not up:",
    list(result.errors.length > 0 ? result.errors : ["Pulumi gave no reason; see its log"]),
    `What was done so far is kept; \`npm start\` continues from there. Log: ${result.log}`,
  ].join("\n");
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `  - ${line.replaceAll("\n", "\n    ")}`).join("\n");
}

export const command = defineCommand({
  name: "npm start",
  summary:
    "Brings up the local platform, from a fresh clone to healthy applications. Again, or after it was killed anywhere: " +
    "continues, or reports that all is up.",
  arguments: [],
  flags: {},
  exits: { 0: "the platform is up", 1: "it is not, with the reasons; what was done so far is kept" },
  run: start,
});

runAsProgram(module, command);
