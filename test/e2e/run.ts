import { performance } from "node:perf_hooks";
import { defineCommand, runAsProgram } from "@gitops-platform/cli/command";
import type { Drill } from "./drill";
import { drills } from "./drills";
import { mustStart, stop } from "./platform";

/** Length of a failure in the summary. */
const LAST_LINES = 6;
const LINE_LENGTH = 300;

interface Result {
  readonly drill: Drill;
  readonly seconds: number;
  /** The reason of a failure, in a few lines; absent for a proved promise. */
  readonly problem?: string;
}

async function runDrills(chosen: readonly Drill[]): Promise<number> {
  const results: Result[] = [];
  let running = false;
  for (const drill of chosen) {
    const result = await prove(drill, running);
    results.push(result);
    running = result.problem === undefined && drill.needs === "platform";
  }
  await stopOrThrow();
  return summarize(results);
}

function list(): void {
  const width = Math.max(...drills.map(({ name }) => name.length));
  for (const { name, promise, minutes, inTest } of drills) {
    const when = inTest ? "npm test" : "nightly ";
    process.stdout.write(`${name.padEnd(width)}  ${when}  ${String(minutes).padStart(2)} min  ${promise}\n`);
  }
}

/** @throws for a name that no drill has */
function choose(names: readonly string[]): readonly Drill[] {
  const groups: Readonly<Record<string, readonly Drill[]>> = {
    all: drills,
    test: drills.filter(({ inTest }) => inTest),
  };
  const unknown = names.filter((name) => !(name in groups) && !drills.some((drill) => drill.name === name));
  if (unknown.length > 0)
    throw new Error(`drill ${unknown.join(", ")} — is not a known drill; \`npm run drill\` lists them`);
  return drills.filter((drill) => names.some((name) => name === drill.name || groups[name]?.includes(drill)));
}

/** Brings the computer into the state that a drill starts from. */
async function prepare(drill: Drill, running: boolean): Promise<void> {
  if (drill.needs === "nothing") await stopOrThrow();
  else if (!running) await mustStart();
}

async function stopOrThrow(): Promise<void> {
  const { exitCode, output } = await stop();
  if (exitCode !== 0) throw new Error(`npm stop ended with ${exitCode}:\n${output}`);
}

async function prove(drill: Drill, running: boolean): Promise<Result> {
  const begin = performance.now();
  const took = (): number => (performance.now() - begin) / 1000;
  const see = (line: string): void => void process.stdout.write(`  ${line.replaceAll("\n", "\n  ")}\n`);
  process.stdout.write(`\n${drill.name}: ${drill.promise}\n`);
  try {
    await prepare(drill, running);
    const figure = await drill.run(see);
    process.stdout.write(`${drill.name}: proved, ${figure} (${took().toFixed(0)} s)\n`);
    return { drill, seconds: took() };
  } catch (error) {
    see(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.stdout.write(`${drill.name}: FAILED\n`);
    return { drill, seconds: took(), problem: shorten(error instanceof Error ? error.message : String(error)) };
  }
}

/** Prints every time beside the expected one, then every failure: its own lines are far up by now. @returns the exit code */
function summarize(results: readonly Result[]): number {
  const failed = results.filter(({ problem }) => problem !== undefined);
  const width = Math.max(...results.map(({ drill }) => drill.name.length));
  process.stdout.write("\n");
  for (const { drill, seconds, problem } of results) {
    const verdict = problem === undefined ? "passed" : "FAILED";
    const time = `${(seconds / 60).toFixed(1)} min (expected ${drill.minutes})`;
    process.stdout.write(`${verdict}  ${drill.name.padEnd(width)}  ${time}\n`);
  }
  for (const { drill, problem } of failed) process.stdout.write(`failed: ${drill.name}: ${problem ?? ""}\n`);
  process.stdout.write(`${results.length - failed.length} passed, ${failed.length} failed\n`);
  return failed.length > 0 ? 1 : 0;
}

/** Keeps the first line and the last ones: a command that fails prints its reason at its end. */
function shorten(message: string): string {
  const [first = "", ...rest] = message.trim().split("\n");
  return [first, ...rest.slice(-LAST_LINES)].map((line) => line.slice(0, LINE_LENGTH)).join("\n    ");
}

export const command = defineCommand({
  name: "npm run drill",
  summary:
    "Proves promises of the platform on real local machines, and cleans up. Without a name it lists the drills. Last line: " +
    "`N passed, N failed`.",
  arguments: [
    { name: "NAME", summary: "a drill; test: those of npm test; all: every one", many: true, optional: true },
  ],
  flags: { json: { type: "boolean", summary: "prints the list as data" } },
  exits: { 0: "every drill passed", 1: "a drill failed, or a name is unknown" },
  run: async ([names], { json }) => {
    if (json) {
      const described = drills.map(({ name, promise, minutes, inTest }) => ({ name, promise, minutes, inTest }));
      process.stdout.write(`${JSON.stringify(described)}\n`);
    } else if (names.length === 0) list();
    else return runDrills(choose(names));
    return 0;
  },
});

runAsProgram(module, command);
