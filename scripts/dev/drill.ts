/**
 * `npm run drill -- NAME ...`: proves promises of the platform on real local machines and cleans up after itself.
 * Without a name it lists them; `all` runs them all. Ends with `N passed, N failed`.
 */
import { performance } from "node:perf_hooks";
import { drills } from "../../test/e2e/drills";
import type { Drill } from "../../test/e2e/drill";
import { mustStart, stop } from "../../test/e2e/platform";

/** How much of a failure is repeated at the end. */
const LAST_LINES = 6;
const LINE_LENGTH = 300;

async function main(): Promise<void> {
  const names = process.argv.slice(2);
  if (names.length === 0) {
    const width = Math.max(...drills.map(({ name }) => name.length));
    for (const { name, promise } of drills) process.stdout.write(`${name.padEnd(width)}  ${promise}\n`);
    return;
  }
  const unknown = names.filter((name) => name !== "all" && !drills.some((drill) => drill.name === name));
  if (unknown.length > 0) throw new Error(`drill ${unknown.join(", ")} — not known; \`npm run drill\` lists them`);
  const all = names.includes("all");
  const chosen = all ? drills : drills.filter(({ name }) => names.includes(name));
  const failed: string[] = [];
  let running = false;
  for (const drill of chosen) {
    const problem = await prove(drill, running, !all);
    if (problem !== undefined) failed.push(`${drill.name}: ${problem}`);
    running = problem === undefined && drill.needs === "platform";
  }
  await stopOrThrow();
  // What went wrong is far up by now, between other drills.
  for (const line of failed) process.stdout.write(`failed: ${line}\n`);
  process.stdout.write(`${chosen.length - failed.length} passed, ${failed.length} failed\n`);
  process.exit(failed.length > 0 ? 1 : 0);
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

/** @returns what kept the drill from its promise, in a few lines; nothing when it is proved */
async function prove(drill: Drill, running: boolean, byName: boolean): Promise<string | undefined> {
  const begin = performance.now();
  const say = (line: string): void => void process.stdout.write(`  ${line.replaceAll("\n", "\n  ")}\n`);
  process.stdout.write(`\n${drill.name}: ${drill.promise}\n`);
  try {
    await prepare(drill, running);
    const figure = await drill.run(say, byName);
    process.stdout.write(`${drill.name}: proved, ${figure} (${((performance.now() - begin) / 1000).toFixed(0)} s)\n`);
    return undefined;
  } catch (error) {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.stdout.write(`${drill.name}: FAILED\n`);
    return summary(error instanceof Error ? error.message : String(error));
  }
}

/** The first line, and the last ones: a command that failed prints its reason at its end. */
function summary(message: string): string {
  const [first = "", ...rest] = message.trim().split("\n");
  return [first, ...rest.slice(-LAST_LINES)].map((line) => line.slice(0, LINE_LENGTH)).join("\n    ");
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
