import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa, type Options } from "execa";
import { followEvents } from "./event-log";
import { describeEvent, describeLong, type EngineEvent, noteState } from "./events";
import { paths, root } from "./paths";

/** What every Pulumi process of the local platform runs with. Secrets are named by file, never by value. */
export function pulumiEnvironment(): Record<string, string> {
  return {
    ...engineEnvironment(),
    PULUMI_BACKEND_URL: `file://${paths.state}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
  };
}

/** What Pulumi runs with on any stack: where its programs are, and what makes it quick. */
export function engineEnvironment(): Record<string, string> {
  return {
    PULUMI_HOME: paths.pulumiHome,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // `npm run check` has type-checked the program; doing it again costs every preview three seconds.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // A hypervisor that is down stops its own nodes only: what doesn't depend on a step that failed goes on.
    PULUMI_CONTINUE_ON_ERROR: "true",
    // The CLI is short-lived and small: collecting garbage less often halves its time on two cores.
    GOGC: "400",
    // Short-lived programs that make many small objects collect garbage half as often with more room for new ones.
    NODE_OPTIONS: `--require "${join(__dirname, "quick-start.cjs")}" --max-semi-space-size=64`,
  };
}

/** Where npm's `pulumi` package keeps the command line program that `ensurePulumi` installed. */
export function pulumiBinary(): string {
  const { version } = JSON.parse(readFileSync(join(root, "node_modules", "pulumi", "package.json"), "utf8")) as {
    version: string;
  };
  return join(paths.pulumiHome, "versions", version, "bin", "pulumi");
}

/** Runs one Pulumi command on the local stack and returns what it printed. */
export async function pulumi(args: readonly string[], options: Options = {}): Promise<string> {
  const result = await execa(pulumiBinary(), [...args, "--non-interactive", "--color", "never"], {
    cwd: root,
    env: pulumiEnvironment(),
    ...options,
  });
  return typeof result.stdout === "string" ? result.stdout : "";
}

/** Flags that select the local stack and its rendered configuration. */
export const localStack = ["--stack", "local", "--config-file", paths.stackFile] as const;

export interface UpdateResult {
  readonly exitCode: number;
  /** Messages of failed resources, in the order they came. */
  readonly errors: readonly string[];
  /** Whether anything was created, updated, replaced or deleted. */
  readonly changed: boolean;
  readonly log: string;
}

/** How often an update says what it is still waiting for. */
const REMIND_MS = 30_000;

/** A stack as an update reaches it: flags that select it, and variables beside this process's own. */
export interface UpdateTarget {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs `up` or `destroy` and tells, resource by resource, what happens while it happens.
 * Everything that Pulumi prints goes to a log file under `.local/logs`.
 *
 * @param target @default the local stack
 */
export async function update(
  command: "up" | "destroy",
  args: readonly string[],
  tell: (line: string) => void,
  target: UpdateTarget = { args: localStack, env: pulumiEnvironment() },
): Promise<UpdateResult> {
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const log = join(paths.logs, `${command}-${stamp}.log`);
  const errors: string[] = [];
  const started = new Map<string, number>();
  const states = new Map<string, string>();
  let changed = false;
  const onEvent = (event: EngineEvent): void => {
    noteState(event, states);
    const description = describeEvent(event, started);
    if (description?.error !== undefined) errors.push(description.error);
    if (description?.changed) changed = true;
    if (description?.line !== undefined) tell(description.line);
  };
  const events = followEvents(join(paths.logs, `${command}-${stamp}.events.json`), onEvent);
  const output = openSync(log, "a", 0o600);
  const reminder = setInterval(() => describeLong(started, states).forEach(tell), REMIND_MS);
  const result = await execa(
    pulumiBinary(),
    [
      command,
      ...target.args,
      "--yes",
      "--skip-preview",
      "--non-interactive",
      "--color",
      "never",
      "--suppress-outputs",
      "--event-log",
      events.file,
      ...args,
    ],
    {
      cwd: root,
      // --event-log, which Pulumi's Automation API uses, is a flag for debugging.
      env: { ...target.env, PULUMI_DEBUG_COMMANDS: "true" },
      reject: false,
      stdio: ["ignore", output, output],
    },
  );
  clearInterval(reminder);
  closeSync(output);
  events.end();
  if (result.exitCode !== 0 && errors.length === 0) errors.push(lastLines(log));
  return { exitCode: result.failed ? result.exitCode || 1 : 0, errors, changed, log };
}

/** What a CLI that failed outside any resource said last. */
function lastLines(log: string): string {
  return readFileSync(log, "utf8").trim().split("\n").slice(-10).join("\n");
}

/** Whether the local stack has a state file. */
export function stackExists(): boolean {
  return existsSync(join(paths.state, ".pulumi", "stacks", "gitops-platform", "local.json"));
}
