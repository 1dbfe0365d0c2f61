import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { followEvents } from "./event-log";
import type { EngineEvent } from "./events";
import { paths, root } from "./paths";
import { redacted } from "@gitops-platform/cli/redaction";

export type Variables = Readonly<Record<string, string>>;

/** How Pulumi reaches a stack. */
export interface PulumiTarget {
  readonly stack: string;
  /** Flags that select the stack and its configuration. */
  readonly args: readonly string[];
  /** Added to this process's own environment. */
  readonly env: Variables;
}

/**
 * The environment of every Pulumi process. `npx pulumi up -s STACK` and `npm run deploy -- STACK` run the same program in
 * the same way: versions come from package-lock.json, how the program is loaded from Pulumi.yaml, and what `deploy` asks of
 * the engine is on the command line that it prints. These variables change where programs lie, what can disturb
 * them, and how fast they are:
 *
 * - PULUMI_HOME: the CLI and the plugins of exactly these versions, apart from those of other projects.
 * - PULUMI_SKIP_UPDATE_CHECK, PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: no download in the middle of an update.
 * - PULUMI_NODEJS_TSCONFIG_PATH: repeats `runtime.options.tsconfig` of Pulumi.yaml for the language host of a sealed
 *   computer, which ignores options.
 * - SSH_AUTH_SOCK: no agent. Every connection has its key, and the command plugin fails when the agent's socket is dead.
 * - GOGC: the CLI collects garbage less often, a tenth of a preview's CPU time.
 * - NODE_COMPILE_CACHE: Node.js 22 and newer keep compiled code on disk, by content; older ones ignore it.
 */
export function engineEnvironment(): Record<string, string> {
  return {
    PULUMI_HOME: paths.pulumiHome,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_NODEJS_TSCONFIG_PATH: join(root, "tsconfig.program.json"),
    SSH_AUTH_SOCK: "",
    GOGC: "400",
    NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "node"),
  };
}

/** The environment of the local platform's stack. Its passphrase is named by file, never by value. */
export function pulumiEnvironment(): Record<string, string> {
  return {
    ...engineEnvironment(),
    PULUMI_BACKEND_URL: `file://${paths.state}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
  };
}

/** Flags that select the local stack and its rendered configuration. */
export const localStack = ["--stack", "local", "--config-file", paths.stackFile] as const;

/** The local platform's stack. */
export function localTarget(): PulumiTarget {
  return { stack: "local", args: localStack, env: pulumiEnvironment() };
}

/** Whether the local stack has a state file. */
export function stackExists(): boolean {
  return existsSync(join(paths.state, ".pulumi", "stacks", "gitops-platform", "local.json"));
}

/** The CLI that `ensurePulumi` installed. */
export function pulumiBinary(): string {
  const { version } = JSON.parse(readFileSync(join(root, "node_modules", "pulumi", "package.json"), "utf8")) as {
    version: string;
  };
  return join(paths.pulumiHome, "versions", version, "bin", "pulumi");
}

/** The installed CLI, else the one that npm's package downloads: `config` needs no plugins. */
function program(): string {
  const installed = pulumiBinary();
  return existsSync(installed) ? installed : join(root, "node_modules", ".bin", "pulumi");
}

export interface RunOptions {
  readonly env: Variables;
  /** @default the clone */
  readonly cwd?: string;
  /** Standard input: the only way in for a secret, since every process can read an argument. */
  readonly input?: string;
  readonly timeoutMs?: number;
  /** Takes the process id once Pulumi runs. */
  readonly onStart?: (pid: number) => void;
  /** Takes the engine's events while they come; only for commands that run the engine. */
  readonly onEvent?: (event: EngineEvent) => void;
  /** File that keeps which resource was begun when. */
  readonly begun?: string;
  /** Descriptor of a file that takes both streams instead of the result. */
  readonly log?: number;
}

export interface Printed {
  readonly exitCode: number;
  /** Data for this program, secrets included: never for a terminal or a log. */
  readonly stdout: string;
  /** Redacted. */
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** Runs Pulumi: the one place that starts it. It never throws for a failed command; `reasonOf` gives the reason. */
export async function runPulumi(args: readonly string[], options: RunOptions): Promise<Printed> {
  const { begun, cwd = root, env, input, log, onEvent, onStart, timeoutMs } = options;
  const events = onEvent && followEvents(begun ?? "/dev/null", onEvent);
  try {
    const child = execa(
      program(),
      [...args, "--non-interactive", "--color", "never", ...(events ? ["--event-log", events.file] : [])],
      {
        ...{ cwd, reject: false, maxBuffer: 2 ** 30 },
        // --event-log, which Pulumi's Automation API uses, is a flag for debugging.
        env: { ...env, ...(events ? { PULUMI_DEBUG_COMMANDS: "true" } : {}) },
        ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
        ...(input === undefined ? { stdin: "ignore" as const } : { input }),
        ...(log === undefined ? {} : { stdout: log, stderr: log }),
      },
    );
    if (child.pid !== undefined) onStart?.(child.pid);
    const result = await child;
    // With its streams in a file there is nothing to return.
    const [stdout = "", stderr = ""] = [result.stdout, result.stderr] as (string | undefined)[];
    const exitCode = result.failed ? result.exitCode || 1 : 0;
    return { exitCode, stdout, stderr: redacted(stderr, env), timedOut: result.timedOut };
  } finally {
    events?.end();
  }
}

/** Runs Pulumi on the operator's terminal, whose input and output it takes over. @returns its exit code */
export function runPulumiOnTerminal(args: readonly string[], env: Variables): number {
  const options = { cwd: root, env: { ...process.env, ...env }, stdio: "inherit" } as const;
  return spawnSync(program(), args, options).status ?? 1;
}

/** Why Pulumi failed, in its own words: from its error on, without what npm and the CLI warn of before. */
export function reasonOf({ exitCode, stderr }: Pick<Printed, "exitCode" | "stderr">, stack?: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("npm warn"));
  const begin = lines.findIndex((line) => line.startsWith("error: "));
  const reason = lines
    .slice(Math.max(begin, 0))
    .join("\n")
    .replace(/^error: /, "");
  return stack === undefined
    ? reason
    : explainLock(reason || `Pulumi ended with ${exitCode} and gave no reason`, stack);
}

/** Who updates a stack, as its backend's lock says. */
const LOCK = /created by (?<who>\S+) \(pid (?<pid>\d+)\) at (?<since>\S+)/;

/** A complaint about a lock becomes a sentence with a cure; every other complaint stays. */
export function explainLock(reason: string, stack: string): string {
  const lock = LOCK.exec(reason)?.groups;
  if (!lock) return reason;
  return (
    `stack ${stack} — is being updated by ${lock["who"]} (process ${lock["pid"]}) since ${lock["since"]}; ` +
    `wait until that has ended. If it was killed, and only then: npm run recover -- ${stack}`
  );
}

/**
 * Runs a Pulumi command that reads or writes a stack's state or configuration.
 *
 * @returns what it printed to stdout
 * @throws with Pulumi's own reason, or who has locked the stack
 */
export async function pulumi(
  { env, stack }: Pick<PulumiTarget, "env" | "stack">,
  command: readonly string[],
  options: Pick<RunOptions, "cwd" | "input"> = {},
): Promise<string> {
  const result = await runPulumi([...command, "--stack", stack], { env, ...options });
  if (result.exitCode === 0) return result.stdout;
  const reason = reasonOf(result, stack);
  throw new Error(reason.startsWith(`stack ${stack} — `) ? reason : `stack ${stack} — ${reason}`);
}
