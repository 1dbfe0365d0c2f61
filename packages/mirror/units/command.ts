import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { MirrorError } from "./failure";

/** Characters of output that an error keeps: enough for a compiler's last lines. */
const TAIL_CHARACTERS = 4000;

export interface CommandOptions {
  /** Names the command in an error: `kubernetes: go build`. */
  readonly label: string;
  /** File that standard output and error are appended to; kept after success too. */
  readonly log: string;
  readonly cwd?: string;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes each line of standard error. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/**
 * Wraps a command so that the kernel kills it when this process ends in any way: a killed `npm run mirror` leaves no
 * compiler or registry that would write into the next run's files.
 */
export function bound(command: string, args: readonly string[]): [string, string[]] {
  return ["setpriv", ["--pdeathsig", "KILL", "--", command, ...args]];
}

/**
 * Runs one command to its end and returns its standard output.
 *
 * @throws MirrorError with the exit code, the last lines of output and the log file.
 */
export async function run(command: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const log = createWriteStream(options.log, { flags: "a" });
  log.on("error", () => undefined); // a full disk shows in the command's own failure
  log.write(`$ ${[command, ...args].join(" ")}\n`);
  let stdout = "";
  let tail = "";
  const code = await new Promise<number | string>((resolve, reject) => {
    const child = spawn(...bound(command, args), {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer): void => {
      log.write(chunk);
      tail = (tail + chunk.toString()).slice(-TAIL_CHARACTERS);
    };
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      keep(chunk);
    });
    child.stderr.on("data", keep);
    if (options.onLine) createInterface(child.stderr).on("line", options.onLine);
    child.on("error", reject);
    child.on("close", (exit, signal) => resolve(exit ?? signal ?? "unknown"));
  });
  log.end();
  if (code !== 0) {
    const lines = tail.trimEnd().split("\n").slice(-15).join("\n");
    throw new MirrorError(`${options.label} — failed (exit ${code}) — the whole output is in ${options.log}\n${lines}`);
  }
  return stdout;
}
