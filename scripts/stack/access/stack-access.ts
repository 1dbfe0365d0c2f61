import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { ensureKeys } from "../../local/platform/keys";
import { linkTools } from "../../local/platform/links";
import { prepareStack } from "../../local/platform/stack";
import { paths, root } from "../../lib/paths";
import { engineEnvironment, localTarget, type PulumiTarget } from "../../lib/pulumi";
import { initStack } from "../../lib/stack-commands";
import { readStackYaml } from "../../lib/stack-yaml";

/** How a command reaches a stack: its state, its configuration and the key of its secrets. */
export interface StackAccess extends PulumiTarget {
  /** What a reader of a plan must know about the state that it is compared with, as a sentence. */
  readonly notice?: string;
}

/** The variables from which Pulumi reads a stack's passphrase. */
const PASSPHRASES = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"] as const;

/**
 * Finds a stack and installs Pulumi's programs. `local` is the platform of this clone; every other stack is in the backend
 * of `PULUMI_BACKEND_URL`, or else of `pulumi login`. The forges' tokens leave this process's environment: no program that
 * is started from here needs them, least of all a merge request's code.
 *
 * @param options.emptyIsFine without a backend, take an empty one: as if nothing had been made yet
 * @throws when the stack has no file, no backend, no passphrase or, for `local`, no mirror
 */
export async function accessStack(stack: string, options: { readonly emptyIsFine: boolean }): Promise<StackAccess> {
  delete process.env["GITLAB_COMMENT_TOKEN"];
  delete process.env["GITHUB_TOKEN"];
  const file = join(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(file))
    throw new Error(`stack ${stack} — has no Pulumi.${stack}.yaml in this clone; name a stack that has one`);
  if (stack === "local") return accessLocal();
  const { encryptionsalt } = readStackYaml(file);
  const passphrase = PASSPHRASES.some((name) => process.env[name]);
  if (encryptionsalt !== undefined && !passphrase)
    throw new Error(
      `stack ${stack} — its secrets are encrypted and there is no passphrase; set PULUMI_CONFIG_PASSPHRASE_FILE to a file with it`,
    );
  const backend = backendEnvironment();
  if (!backend && !options.emptyIsFine)
    throw new Error(
      `stack ${stack} — no state backend, so its state can't be read; set PULUMI_BACKEND_URL to the backend that ` +
        "holds it (docs/guides/ci.md)",
    );
  await ensurePrograms();
  if (!backend) return accessEmpty(stack, file, passphrase);
  return { stack, args: ["--stack", stack], env: { ...engineEnvironment(), ...backend } };
}

async function ensurePrograms(): Promise<void> {
  await ensurePulumi({
    home: paths.pulumiHome,
    cache: paths.cache,
    log: (line) => void process.stderr.write(`${line}\n`),
  });
}

async function accessLocal(): Promise<StackAccess> {
  if (!existsSync(join(paths.mirror, "artifacts.json")))
    throw new Error("stack local — its mirror isn't built yet; run npm run mirror, half an hour the first time");
  await ensurePrograms();
  // A pipeline's passphrase is for the environments, and would hide this stack's passphrase file.
  delete process.env["PULUMI_CONFIG_PASSPHRASE"];
  ensureKeys();
  linkTools();
  await prepareStack();
  return localTarget();
}

/** Points to the operator's `pulumi login`, since PULUMI_HOME is another directory. */
function backendEnvironment(): Record<string, string> | undefined {
  if (process.env["PULUMI_BACKEND_URL"]) return {};
  const directory = process.env["PULUMI_CREDENTIALS_PATH"] ?? process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
  const file = join(directory, "credentials.json");
  if (!existsSync(file)) return undefined;
  const { current } = JSON.parse(readFileSync(file, "utf8")) as { current?: string };
  return current ? { PULUMI_CREDENTIALS_PATH: directory } : undefined;
}

/** A stack without any resource, in a backend of its own that the next call removes. */
async function accessEmpty(stack: string, file: string, passphrase: boolean): Promise<StackAccess> {
  const directory = join(paths.local, "preview", stack);
  const state = join(directory, "state");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const own = { PULUMI_CONFIG_PASSPHRASE: "nothing is encrypted with it" };
  const env = { ...engineEnvironment(), PULUMI_BACKEND_URL: `file://${state}`, ...(passphrase ? {} : own) };
  const copy = join(directory, `Pulumi.${stack}.yaml`);
  copyFileSync(file, copy);
  await initStack({ stack, env }, directory);
  return {
    stack,
    args: ["--stack", stack, "--config-file", copy],
    env,
    notice: "No state backend is set (PULUMI_BACKEND_URL): this is compared with nothing, as if the stack were new.",
  };
}
