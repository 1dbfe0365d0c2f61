import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { GateResult } from "../../../components/disk-gate/measurement";
import { newSealingKey } from "../../stack/new-sealing-key";
import { writeSecret } from "./keys";
import { paths, root } from "../../lib/paths";
import { localStack, pulumi, stackExists } from "../../lib/pulumi";

const SEALING_KEYS = "gitops-platform:sealingKeys";

interface StackFile {
  encryptionsalt?: string;
  config?: Record<string, unknown>;
}

/**
 * Puts the committed `Pulumi.local.yaml` and this platform's own encrypted secrets together in `.local`, so that the
 * committed file can be edited and updated while no clone's secrets ever show up in it, and creates the stack once.
 */
export async function prepareStack(): Promise<void> {
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  const committed = parse(readFileSync(join(root, "Pulumi.local.yaml"), "utf8")) as StackFile;
  const previous: StackFile = existsSync(paths.stackFile)
    ? (parse(readFileSync(paths.stackFile, "utf8")) as StackFile)
    : {};
  const sealingKeys = previous.config?.[SEALING_KEYS];
  const salt = previous.encryptionsalt ?? (await initStack());
  const rendered: StackFile = {
    encryptionsalt: salt,
    config: { ...committed.config, ...(sealingKeys ? { [SEALING_KEYS]: sealingKeys } : {}) },
  };
  writeSecret(paths.stackFile, stringify(rendered));
  if (!stackExists()) await initStack();
  if (sealingKeys) return;
  const pair = await newSealingKey();
  const set = ["config", "set", ...localStack, "--path"];
  await pulumi([...set, "--plaintext", `${SEALING_KEYS}[0].certificate`], { input: pair.certificate });
  await pulumi([...set, "--secret", `${SEALING_KEYS}[0].privateKey`], { input: pair.privateKey });
}

/**
 * Creates the stack in Pulumi's state. `pulumi stack init` writes the salt of the stack's secrets into the stack file
 * beside Pulumi.yaml, whatever --config-file says, so it runs beside another one: no committed file is touched.
 *
 * @returns the salt
 */
async function initStack(): Promise<string | undefined> {
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-stack-"));
  try {
    writeFileSync(join(scratch, "Pulumi.yaml"), "name: gitops-platform\nruntime: nodejs\n");
    await pulumi(["stack", "init", "local", "--secrets-provider", "passphrase"], { cwd: scratch });
    return (parse(readFileSync(join(scratch, "Pulumi.local.yaml"), "utf8")) as StackFile).encryptionsalt;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/**
 * Frees the stack from the lock of an update that was killed. Only called while this process holds the platform, so
 * that no living update of ours can own the lock.
 */
export function releaseStaleLock(): boolean {
  const directory = join(paths.state, ".pulumi", "locks", "organization", "gitops-platform", "local");
  if (!existsSync(directory) || readdirSync(directory).length === 0) return false;
  rmSync(directory, { recursive: true });
  return true;
}

/**
 * Removes the attributes that a killed Pulumi left half written. A backend in a folder keeps some beside each of its files,
 * and can do without; but one with an end missing makes it take the file, whole as it is, for unreadable: "EOF".
 *
 * @returns how many there were
 */
export function removeTornAttributes(state: string): number {
  if (!existsSync(state)) return 0;
  const files = readdirSync(state, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".attrs"));
  const torn = files.filter((name) => !isJson(readFileSync(join(state, name), "utf8")));
  for (const name of torn) rmSync(join(state, name));
  return torn.length;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A resource as Pulumi's state keeps it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly inputs?: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
}

/** What Pulumi's state file says, without decrypting anything. */
export function readState(): { resources: readonly StateResource[]; pending: readonly PendingOperation[] } {
  const file = join(paths.state, ".pulumi", "stacks", "gitops-platform", "local.json");
  if (!existsSync(file)) return { resources: [], pending: [] };
  const state = JSON.parse(readFileSync(file, "utf8")) as {
    checkpoint: { latest?: { resources?: StateResource[]; pending_operations?: PendingOperation[] } };
  };
  const latest = state.checkpoint.latest;
  return { resources: latest?.resources ?? [], pending: latest?.pending_operations ?? [] };
}

/** An operation that an interrupted update had begun. */
export interface PendingOperation {
  readonly type: "creating" | "updating" | "deleting" | "reading" | "importing";
  readonly resource: StateResource;
}

export interface ConfiguredNode {
  readonly name: string;
  readonly role: string;
  readonly address: string;
}

/** The nodes of the rendered stack file, in their order. */
export function configuredNodes(): readonly ConfiguredNode[] {
  const { config } = parse(readFileSync(paths.stackFile, "utf8")) as StackFile;
  return config?.["gitops-platform:nodes"] as readonly ConfiguredNode[];
}

/** Writes the stack's outputs that a person uses as files: the kubeconfig and the sealing certificate. */
export function writeOutputs(outputs: StackOutputs): void {
  writeSecret(paths.kubeconfig, outputs.kubeconfig);
  writeFileSync(paths.certificate, outputs.sealingCertificate);
}

/** What `index.ts` exports. */
export interface StackOutputs {
  readonly endpoint: string;
  readonly kubeconfig: string;
  readonly nodes: readonly { readonly name: string; readonly role: string; readonly address: string }[];
  readonly diskGate: Readonly<Record<string, GateResult>>;
  readonly argocd: { readonly url: string; readonly adminPassword: string };
  readonly sealingCertificate: string;
  readonly rootApplication: { readonly name: string; readonly repoURL: string; readonly knownHosts: string };
  readonly versions: Readonly<Record<string, string>>;
}

/** The stack's outputs, secrets in clear: for files and memory, never for a log. */
export async function readOutputs(): Promise<StackOutputs> {
  return JSON.parse(await pulumi(["stack", "output", "--stack", "local", "--json", "--show-secrets"])) as StackOutputs;
}
