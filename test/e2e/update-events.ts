import { readFileSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { resourceName, type EngineEvent } from "../../scripts/local/platform/events";
import { paths, root } from "../../scripts/local/platform/paths";

export interface AwaitedEvent {
  /** Only updates that began after this time count, in milliseconds since the epoch. */
  readonly since: number;
  /** `create`, `update`, … */
  readonly op: string;
  /** The resource's own name. */
  readonly name: string;
  /** Gives up after this time. */
  readonly seconds: number;
}

/** Waits until the running update begins an operation, and finds the Pulumi CLI that does it. */
export async function waitForEvent(awaited: AwaitedEvent): Promise<{ cliPid: number }> {
  const deadline = Date.now() + awaited.seconds * 1000;
  while (Date.now() < deadline) {
    const log = newestEventLog(awaited.since);
    if (log !== undefined && begins(log, awaited)) return { cliPid: runningCli() };
    await sleep(50);
  }
  throw new Error(`${awaited.op} of ${awaited.name} did not begin within ${awaited.seconds} s`);
}

function newestEventLog(since: number): string | undefined {
  return readdirSync(paths.logs)
    .filter((name) => name.endsWith(".events.json"))
    .map((name) => join(paths.logs, name))
    .filter((file) => statSync(file).birthtimeMs >= since)
    .sort()
    .at(-1);
}

function begins(log: string, { op, name }: AwaitedEvent): boolean {
  // The last line may be half written.
  const lines = readFileSync(log, "utf8").split("\n").slice(0, -1);
  return lines.some((line) => {
    const metadata = (JSON.parse(line) as EngineEvent).resourcePreEvent?.metadata;
    return metadata?.op === op && resourceName(metadata.urn) === name;
  });
}

/** The Pulumi CLI that updates this clone's stack. */
function runningCli(): number {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const [program = "", ...args] = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0");
      const ours = readlinkSync(`/proc/${entry}/cwd`) === root;
      if (ours && program.endsWith("/pulumi") && args.includes("--event-log")) return Number(entry);
    } catch {
      // The process ended while we were looking.
    }
  }
  throw new Error("no Pulumi CLI updates the stack of this clone");
}
