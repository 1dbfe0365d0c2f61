import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nameOf } from "../../components/tokens";
import type { EngineEvent } from "../../scripts/lib/events";
import { paths, root } from "../../scripts/lib/paths";
import { run, type Ran } from "./platform";

/** A busy computer takes three times as long as a quiet one. */
const LIMIT_SECONDS = 600;

/** The moment of the kill: some time after work on a resource has begun. */
export interface Interruption {
  /** The resource's own name. */
  readonly name: string;
  /** @default create */
  readonly op?: "create" | "update";
  readonly delayMs: number;
}

/** Runs `npm start` and kills its Pulumi CLI. @throws with the output of a start that ends by itself */
export async function killedStart({ name, op = "create", delayMs }: Interruption): Promise<void> {
  const since = Date.now();
  const attempt = run("npm", ["start", "--silent"]);
  let ended: Ran | undefined;
  void attempt.then((ran) => (ended = ran));
  while (!begins(newestEventLog(since), op, name)) {
    if (ended) throw new Error(`npm start ended before it began to ${op} ${name}:\n${ended.output}`);
    if (Date.now() - since > LIMIT_SECONDS * 1000) {
      process.kill(runningCli(), "SIGTERM"); // what comes after the drill finds no update at work
      const { output } = await attempt;
      throw new Error(`${name} — its ${op} did not begin within ${LIMIT_SECONDS} s\n${output}`);
    }
    await sleep(50);
  }
  const cliPid = runningCli();
  await sleep(delayMs);
  process.kill(cliPid, "SIGKILL");
  const { exitCode } = await attempt;
  if (exitCode === 0) throw new Error(`npm start succeeded although its CLI was killed during the ${op} of ${name}`);
}

function newestEventLog(since: number): string | undefined {
  return readdirSync(paths.logs)
    .filter((name) => name.endsWith(".events.json"))
    .map((name) => join(paths.logs, name))
    .filter((file) => statSync(file).birthtimeMs >= since)
    .sort()
    .at(-1);
}

function begins(log: string | undefined, op: string, name: string): boolean {
  if (log === undefined) return false;
  // The last line may be incomplete.
  const lines = readFileSync(log, "utf8").split("\n").slice(0, -1);
  return lines.some((line) => {
    const metadata = (JSON.parse(line) as EngineEvent).resourcePreEvent?.metadata;
    return metadata?.op === op && nameOf(metadata.urn) === name;
  });
}

/** The process of the Pulumi CLI that updates this clone's stack. */
function runningCli(): number {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const [program = "", ...args] = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0");
      const ours = readlinkSync(`/proc/${entry}/cwd`) === root;
      if (ours && program.endsWith("/pulumi") && args.includes("--event-log")) return Number(entry);
    } catch {
      // The process has ended meanwhile.
    }
  }
  throw new Error("no Pulumi CLI updates the stack of this clone");
}
