/** The local platform from outside: drills use the commands and the keys of its operator. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { execa, type Options } from "execa";
import { parse } from "yaml";
import { paths, root } from "../../scripts/lib/paths";
import { configuredNodes, type ConfiguredNode } from "../../scripts/local/platform/stack";
import { watchSteal } from "./stolen-time";

export interface Ran {
  readonly exitCode: number;
  /** Standard output and error, in order of arrival. */
  readonly output: string;
  readonly seconds: number;
  /** Seconds without the share that the host gave to other computers. Limits apply to these. */
  readonly ownSeconds: number;
}

/** Runs a command and returns its exit code, whatever it is. */
export async function run(command: string, args: readonly string[], options: Options = {}): Promise<Ran> {
  const begin = performance.now();
  const stolen = watchSteal();
  const result = await execa(command, args, { cwd: root, reject: false, all: true, stdin: "ignore", ...options });
  const output = typeof result.all === "string" ? result.all : "";
  const seconds = (performance.now() - begin) / 1000;
  return { exitCode: result.exitCode, output, seconds, ownSeconds: seconds * (1 - stolen()) };
}

/** Runs a command. @throws with its output when it fails */
export async function must(command: string, args: readonly string[], options: Options = {}): Promise<string> {
  const ran = await run(command, args, options);
  if (ran.exitCode !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${ran.exitCode}:\n${ran.output}`);
  return ran.output;
}

/** The argument list of every process on this computer, machines included, during every start of this run. */
export const seenCommandLines = new Set<string>();

/** Runs `npm start`, and records the argument list of every process meanwhile. */
export async function start(): Promise<Ran> {
  const watcher = setInterval(() => {
    for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
      try {
        seenCommandLines.add(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      } catch {
        // The process has ended meanwhile.
      }
    }
  }, 250);
  try {
    return await run("npm", ["start", "--silent"]);
  } finally {
    clearInterval(watcher);
  }
}
export const stop = (): Promise<Ran> => run("npm", ["stop", "--silent"]);
export const pulumi = (...args: string[]): Promise<Ran> => run("npm", ["run", "--silent", "pulumi", "--", ...args]);

/** Runs `npm start`. @throws when it fails */
export async function mustStart(): Promise<Ran> {
  const ran = await start();
  if (ran.exitCode !== 0) throw new Error(`npm start ended with ${ran.exitCode}:\n${ran.output}`);
  return ran;
}

export const kubectlBinary = join(paths.mirror, "bin", "kubectl");

/** Runs kubectl as the operator, with the kubeconfig of `npm start`. @throws when it fails */
export function kubectl(...args: string[]): Promise<string> {
  return must(kubectlBinary, ["--kubeconfig", paths.kubeconfig, "--request-timeout=15s", ...args]);
}

export async function kubectlJson<T>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl(...args, "-o", "json")) as T;
}

/** The nodes and the hub of the rendered stack file. */
export function configuredMachines(): readonly ConfiguredNode[] {
  const { config } = parse(readFileSync(paths.stackFile, "utf8")) as {
    config: { "gitops-platform:hub": { readonly address: string } };
  };
  return [...configuredNodes(), { name: "hub", role: "hub", address: config["gitops-platform:hub"].address }];
}

/** Runs a command in a machine's namespaces. It needs no SSH, so it works without the network. */
export async function on(machine: string, script: string): Promise<Ran> {
  const pid = (await must("bash", [join(root, "components/machines/local/machine.sh"), "pid", machine])).trim();
  return run("nsenter", ["--target", pid, "--all", "bash", "-c", script]);
}

/** Retries until `attempt` succeeds. @throws after `seconds`, with the last failure */
export async function eventually<T>(
  what: string,
  seconds: number,
  attempt: () => Promise<T>,
): Promise<{ value: T; seconds: number }> {
  const begin = performance.now();
  for (;;) {
    const elapsed = (performance.now() - begin) / 1000;
    try {
      return { value: await attempt(), seconds: (performance.now() - begin) / 1000 };
    } catch (error) {
      if (elapsed > seconds)
        throw new Error(
          `${what} — not after ${seconds} s; last: ${error instanceof Error ? error.message : String(error)}`,
        );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
