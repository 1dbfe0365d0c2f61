import { spawn } from "node:child_process";
import { CapturedOutput, type CommandOutput } from "./captured-output";
import type { Invocation } from "./invocation";

/** A local command also has a place and a shell. */
export interface LocalInvocation extends Invocation {
  /** @default the program's directory */
  readonly dir?: string;
  /** Program and arguments that the command is appended to. @default /bin/sh -c */
  readonly interpreter?: readonly string[];
}

/* Go's words for signals, as the official plugin prints them. */
const SIGNAL_NAMES: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: "hangup",
  SIGINT: "interrupt",
  SIGQUIT: "quit",
  SIGABRT: "aborted",
  SIGKILL: "killed",
  SIGSEGV: "segmentation fault",
  SIGPIPE: "broken pipe",
  SIGTERM: "terminated",
};

/** Time between asking an interrupted command to end and killing it. */
const KILL_AFTER_MS = 5_000;

/**
 * Runs a command on this machine, to its end and that of everything that holds its output open.
 *
 * @throws Error `exit status 3: running "…":` and all output
 */
export function runLocally(invocation: LocalInvocation): Promise<CommandOutput> {
  const { command, signal, stdin, dir } = invocation;
  const [program = "/bin/sh", ...args] = invocation.interpreter?.length ? invocation.interpreter : ["/bin/sh", "-c"];
  const captured = new CapturedOutput(invocation.logging, invocation.show);
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(captured.failure("cancelled", command));
      return;
    }
    // A process group of its own: an interrupt reaches all that the command started.
    const child = spawn(program, [...args, command], {
      cwd: dir,
      env: { ...process.env, ...invocation.environment },
      detached: true,
    });
    captured.read(child.stdout, "stdout");
    captured.read(child.stderr, "stderr");
    let killTimer: NodeJS.Timeout | undefined;
    const interrupted = (): void => {
      killGroup(child.pid, "SIGTERM");
      killTimer = setTimeout(() => killGroup(child.pid, "SIGKILL"), KILL_AFTER_MS);
    };
    signal.addEventListener("abort", interrupted);
    const settle = (): void => {
      signal.removeEventListener("abort", interrupted);
      clearTimeout(killTimer);
    };
    child.once("error", (error) => {
      settle();
      reject(captured.failure(describeSpawnError(error, program, dir), command));
    });
    child.once("close", (code, killedBy) => {
      settle();
      if (code === 0) resolve(captured.outputs());
      else
        reject(
          captured.failure(
            killedBy === null ? `exit status ${code}` : `signal: ${SIGNAL_NAMES[killedBy] ?? killedBy}`,
            command,
          ),
        );
    });
    // A command may end without reading its input.
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin ?? "");
  });
}

function killGroup(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch {
    // The group has ended meanwhile.
  }
}

/** Node reports a missing working directory as a missing program. */
function describeSpawnError(error: NodeJS.ErrnoException, program: string, dir: string | undefined): string {
  if (error.code !== "ENOENT") return `fork/exec ${program}: ${error.message}`;
  return `fork/exec ${program}: no such program${dir === undefined ? "" : `, or no such directory ${dir}`}`;
}
