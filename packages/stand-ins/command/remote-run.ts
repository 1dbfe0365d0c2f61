import { ConnectionPool } from "@gitops-platform/ssh/connection-pool";
import type { SshSettings } from "@gitops-platform/ssh/settings";
import { CapturedOutput, type CommandOutput } from "./captured-output";
import type { Invocation } from "./invocation";

const pool = new ConnectionPool();

/**
 * Runs a command on another machine over SSH. An interrupt ends the dialling only: a command that runs is waited for, so
 * that the next update does not start it a second time beside itself.
 *
 * @throws Error `Process exited with status 3: running "…":` and all output, or why the machine can't be reached
 */
export async function runRemotely(invocation: Invocation, settings: SshSettings): Promise<CommandOutput> {
  const { command, signal } = invocation;
  const captured = new CapturedOutput(invocation.logging, invocation.show);
  const { channel, release } = await pool.start(settings, command, invocation.environment, signal, invocation.show);
  return new Promise((resolve, reject) => {
    let cause: string | undefined = "wait: remote command exited without exit status or exit signal";
    let exited = false;
    captured.read(channel, "stdout");
    captured.read(channel.stderr, "stderr");
    channel.once("exit", (code: number | null, killedBy = "", _core?: boolean, text?: string) => {
      exited = true;
      const name = killedBy.replace(/^SIG/, "");
      if (code === 0) cause = undefined;
      else if (code !== null) cause = `Process exited with status ${code}`;
      else
        cause = `Process exited with status ${exitStatus(name)} from signal ${name}${text ? `. Reason was: ${text}` : ""}`;
    });
    channel.once("close", () => {
      release(!exited);
      if (cause === undefined) resolve(captured.outputs());
      else reject(captured.failure(cause, command));
    });
    channel.on("error", () => undefined);
    channel.end(invocation.stdin ?? "");
  });
}

/* What a shell would report for a signal: 128 and its number. */
const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  ABRT: 6,
  FPE: 8,
  KILL: 9,
  SEGV: 11,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
};

function exitStatus(signal: string): number {
  return 128 + (SIGNALS[signal] ?? 0);
}
