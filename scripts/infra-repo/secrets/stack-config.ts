import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { pulumiBinary, pulumiEnvironment } from "../../lib/pulumi";
import { root } from "../../lib/paths";

/** A copy of a stack's configuration that Pulumi can read and change, its secrets included. */
export interface ScratchConfig {
  /** Runs `pulumi config …` on the copy. @returns what it printed */
  config(args: readonly string[], input?: string): Promise<string>;
  /** Puts the copy in the place of the stack file, all at once. */
  keep(): void;
}

/**
 * Opens a stack file with nothing but itself and the passphrase (PULUMI_CONFIG_PASSPHRASE or …_FILE; the local stack's
 * is known): no login, no state, no network. Pulumi wants a stack to be in a backend, so it gets an empty one.
 *
 * @param directory private; the scratch files go there
 * @throws when Pulumi can't open the file, with its reason
 */
export async function openConfig(stack: string, file: string, directory: string): Promise<ScratchConfig> {
  const work = join(directory, "config");
  const backend = join(directory, "backend");
  mkdirSync(work);
  mkdirSync(backend);
  writeFileSync(join(work, "Pulumi.yaml"), "name: gitops-platform\nruntime: nodejs\n");
  const copy = join(work, `Pulumi.${stack}.yaml`);
  copyFileSync(file, copy);
  const own = stack === "local" ? pulumiEnvironment() : {};
  const env = { ...own, PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const result = await execa(program(), [...args, "--stack", stack, "--non-interactive", "--color=never"], {
      cwd: work,
      env,
      reject: false,
      ...(input === undefined ? { stdin: "ignore" } : { input }),
    });
    if (result.exitCode === 0) return result.stdout;
    // The value that was set is in no argument, so it is in no message either.
    const said = result.stderr.split("\n").filter((line) => line.trim() !== "");
    const reason = (said.find((line) => line.startsWith("error:")) ?? said.at(-1) ?? "no reason given").replace(
      /^error: /,
      "",
    );
    throw new Error(
      `${basename(file)} — can't be opened (${reason}); set PULUMI_CONFIG_PASSPHRASE_FILE to a file with the stack's passphrase`,
    );
  };
  const provider = /^secretsprovider: (.+)$/m.exec(readFileSync(copy, "utf8"))?.[1] ?? "passphrase";
  await run(["stack", "init", "--secrets-provider", provider]);
  return {
    config: (args, input) => run(["config", ...args], input),
    keep: () => {
      const draft = join(dirname(file), `.${basename(file)}.new`);
      writeFileSync(draft, readFileSync(copy), { mode: statSync(file).mode & 0o777 });
      renameSync(draft, file);
    },
  };
}

/** The CLI that `npm start` put in place, else the one that npm's package downloads. */
function program(): string {
  const own = pulumiBinary();
  return existsSync(own) ? own : join(root, "node_modules", ".bin", "pulumi");
}
