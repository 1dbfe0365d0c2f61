import { execa } from "execa";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { ensureKeys } from "../../local/platform/keys";
import { linkTools } from "../../local/platform/links";
import { paths, root } from "../../lib/paths";
import { engineEnvironment, localStack, pulumiBinary, pulumiEnvironment } from "../../lib/pulumi";
import { prepareStack } from "../../local/platform/stack";

/** How a command reaches a stack: its state, its configuration and what its secrets are encrypted with. */
export interface StackAccess {
  readonly stack: string;
  /** Flags that select the stack and its configuration. */
  readonly args: readonly string[];
  /** Added to this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What a reader of the plan should know about where it was compared with, as a sentence. */
  readonly notice?: string;
}

/** The variables that give Pulumi a stack's passphrase. */
const PASSPHRASES = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"] as const;

/**
 * Takes the tokens that comments are written with out of this process's environment, makes Pulumi's programs ready and
 * finds the stack: `local` is the platform of this clone; any other is looked for in
 * the backend of `PULUMI_BACKEND_URL`, or else of `pulumi login`. Without any backend it is as if nothing had been made
 * yet, when `emptyIsFine` says so.
 *
 * @throws when the stack has no file, no backend, no passphrase or, for `local`, no mirror
 */
export async function accessStack(stack: string, options: { readonly emptyIsFine: boolean }): Promise<StackAccess> {
  // Nothing that is started from here needs what comments are written with, least of all a merge request's code.
  delete process.env["GITLAB_COMMENT_TOKEN"];
  delete process.env["GITHUB_TOKEN"];
  const file = join(root, `Pulumi.${stack}.yaml`);
  if (!existsSync(file))
    throw new Error(`stack ${stack} — has no Pulumi.${stack}.yaml in this clone; name a stack that has one`);
  if (stack === "local") return accessLocal();
  const { encryptionsalt } = (parse(readFileSync(file, "utf8")) ?? {}) as { encryptionsalt?: string };
  const passphrase = PASSPHRASES.some((name) => process.env[name]);
  if (encryptionsalt !== undefined && !passphrase)
    throw new Error(
      `stack ${stack} — its secrets are encrypted and there is no passphrase; set PULUMI_CONFIG_PASSPHRASE_FILE to a file with it`,
    );
  const backend = backendEnvironment();
  if (!backend && !options.emptyIsFine)
    throw new Error(
      `stack ${stack} — no state backend, so what would change can't be told; set PULUMI_BACKEND_URL to the one that ` +
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
    throw new Error("stack local — what it installs isn't built yet; run npm run mirror, half an hour the first time");
  await ensurePrograms();
  // A pipeline's variables are for the environments; this stack has a passphrase file of its own, which they would hide.
  delete process.env["PULUMI_CONFIG_PASSPHRASE"];
  ensureKeys();
  linkTools();
  await prepareStack();
  return { stack: "local", args: localStack, env: pulumiEnvironment() };
}

/** The backend that this user chose; Pulumi's own programs live elsewhere, so its credentials have to be pointed at. */
function backendEnvironment(): Record<string, string> | undefined {
  if (process.env["PULUMI_BACKEND_URL"]) return {};
  const directory = process.env["PULUMI_CREDENTIALS_PATH"] ?? process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
  const file = join(directory, "credentials.json");
  if (!existsSync(file)) return undefined;
  const { current } = JSON.parse(readFileSync(file, "utf8")) as { current?: string };
  return current ? { PULUMI_CREDENTIALS_PATH: directory } : undefined;
}

/** A stack of which nothing exists, in a backend for this one look. */
async function accessEmpty(stack: string, file: string, passphrase: boolean): Promise<StackAccess> {
  const directory = join(paths.local, "preview", stack);
  const state = join(directory, "state");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const own = { PULUMI_CONFIG_PASSPHRASE: "nothing is encrypted with it" };
  const env = { ...engineEnvironment(), PULUMI_BACKEND_URL: `file://${state}`, ...(passphrase ? {} : own) };
  // `pulumi stack init` writes a salt into the stack file beside Pulumi.yaml: into this copy, never the committed one.
  const copy = join(directory, `Pulumi.${stack}.yaml`);
  copyFileSync(file, copy);
  writeFileSync(join(directory, "Pulumi.yaml"), "name: gitops-platform\nruntime: nodejs\n");
  await execa(pulumiBinary(), ["stack", "init", stack, "--secrets-provider", "passphrase", "--non-interactive"], {
    cwd: directory,
    env,
  });
  return {
    stack,
    args: ["--stack", stack, "--config-file", copy],
    env,
    notice: "No state backend is set (PULUMI_BACKEND_URL): this is compared with nothing, as if the stack were new.",
  };
}
