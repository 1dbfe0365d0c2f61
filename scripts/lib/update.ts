import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeEvent, describeLong, type EngineEvent, noteState } from "./events";
import { paths } from "./paths";
import { Phases } from "./phases";
import { explainLock, pulumi, type PulumiTarget, runPulumi } from "./pulumi";
import { redacted } from "@gitops-platform/cli/redaction";
import { Watchdog } from "./watchdog";

export interface UpdateResult {
  readonly exitCode: number;
  /** Messages of failed resources, redacted, in the order they came. */
  readonly errors: readonly string[];
  /** Whether anything was created, updated, replaced or deleted. */
  readonly changed: boolean;
  readonly log: string;
}

/** How often an update reports what it is still waiting for. */
const REMIND_MS = 30_000;

/** The command line of an update; a hypervisor that is down stops its own nodes only (ADR 3). */
export function updateCommand(command: "up" | "destroy", target: PulumiTarget, flags: readonly string[]): string[] {
  return [command, ...target.args, "--yes", "--skip-preview", "--continue-on-error", "--suppress-outputs", ...flags];
}

/** What an update reports while it runs: each resource when it is done, or the phases only; a log has the names. */
export type Detail = "resources" | "phases";

/**
 * Runs `up` or `destroy`, reports what is done, and ends an update that hangs on a machine. What Pulumi prints goes to a log file under
 * `.local/logs` that only its owner can read.
 *
 * @param report takes one redacted line at a time
 */
export async function update(
  command: "up" | "destroy",
  target: PulumiTarget,
  flags: readonly string[],
  report: (line: string) => void,
  detail: Detail = "resources",
): Promise<UpdateResult> {
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const log = join(paths.logs, `${command}-${stamp}.log`);
  const errors: string[] = [];
  const started = new Map<string, number>();
  const states = new Map<string, string>();
  const phases = detail === "phases" ? new Phases() : undefined;
  let changed = false;
  const watchdog = new Watchdog(() => pulumi(target, ["stack", "export", "--show-secrets"]), report);
  const onStart = (pid: number): void => watchdog.start(pid);
  const onEvent = (event: EngineEvent): void => {
    watchdog.note(event);
    noteState(event, states);
    const description = describeEvent(event, started);
    if (description?.error !== undefined) errors.push(description.error);
    if (description?.changed) changed = true;
    const phase = phases?.note(event);
    if (phase !== undefined) report(phase);
    if (description?.line !== undefined && (!phases || description.changed !== true)) report(description.line);
  };
  const output = openSync(log, "a", 0o600);
  const reminder = setInterval(() => describeLong(started, states).forEach(report), REMIND_MS);
  try {
    const begun = join(paths.logs, `${command}-${stamp}.events.json`);
    const { env } = target;
    const run = { env, onEvent, onStart, begun, log: output };
    const { exitCode } = await runPulumi(updateCommand(command, target, flags), run);
    const durations = phases?.summary();
    if (durations !== undefined) report(durations);
    errors.unshift(...watchdog.reasons);
    if (exitCode !== 0 && errors.length === 0) errors.push(redacted(lastLines(log), env));
    return { exitCode, errors: errors.map((error) => explainLock(error, target.stack)), changed, log };
  } finally {
    watchdog.stop();
    clearInterval(reminder);
    closeSync(output);
  }
}

/** The end of the log: a CLI that failed outside any resource printed its reason there. */
function lastLines(log: string): string {
  return readFileSync(log, "utf8").trim().split("\n").slice(-10).join("\n");
}
