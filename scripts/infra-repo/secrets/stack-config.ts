import { copyFileSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pulumi, pulumiEnvironment } from "../../lib/pulumi";
import { initStack } from "../../lib/stack-commands";
import { readStackYaml } from "../../lib/stack-yaml";

/** A copy of a stack's configuration that Pulumi can read and change, its secrets included. */
export interface ScratchConfig {
  /** Runs `pulumi config …` on the copy. @returns what it printed */
  config(args: readonly string[], input?: string): Promise<string>;
  /** Replaces the stack file with the copy, atomically. */
  keep(): void;
}

/**
 * Opens a stack file with nothing but itself and the passphrase (PULUMI_CONFIG_PASSPHRASE or …_FILE; the local stack's
 * is known): no login, no state, no network. Pulumi needs a backend, so it gets an empty one.
 *
 * @param directory private; the scratch files go there
 * @throws when Pulumi can't open the file, with its reason
 */
export async function openConfig(stack: string, file: string, directory: string): Promise<ScratchConfig> {
  const work = join(directory, "config");
  const backend = join(directory, "backend");
  mkdirSync(work);
  mkdirSync(backend);
  const copy = join(work, `Pulumi.${stack}.yaml`);
  copyFileSync(file, copy);
  const own = stack === "local" ? pulumiEnvironment() : {};
  const env = { ...own, PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const target = { stack, env };
  const opened = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).replace(`stack ${stack} — `, "");
      throw new Error(
        `${basename(file)} — can't be opened (${reason}); set PULUMI_CONFIG_PASSPHRASE_FILE to a file with the stack's passphrase`,
      );
    }
  };
  await opened(initStack(target, work, readStackYaml(copy).secretsprovider));
  return {
    config: (args, input) => opened(pulumi(target, ["config", ...args], { cwd: work, input })),
    keep: () => {
      const draft = join(dirname(file), `.${basename(file)}.new`);
      writeFileSync(draft, readFileSync(copy), { mode: statSync(file).mode & 0o777 });
      renameSync(draft, file);
    },
  };
}
