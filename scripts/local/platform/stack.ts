import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { GateResult } from "../../../components/disk-gate/measurement";
import { newIdentity } from "../../../config/age-identity";
import { newSealingKey } from "../../stack/new-sealing-key";
import { writeSecret } from "./keys";
import { paths, root } from "../../lib/paths";
import { localTarget, pulumi, stackExists } from "../../lib/pulumi";
import { initStack } from "../../lib/stack-commands";
import type { Deployment } from "../../lib/stack-state";
import { readStackYaml, type StackYaml } from "../../lib/stack-yaml";
import type { EnsureMirrorArgs } from "@gitops-platform/mirror/ensure-mirror";

const SEALING_KEYS = "gitops-platform:sealingKeys";
const SNAPSHOTS = "gitops-platform:snapshots";

/**
 * Writes the committed `Pulumi.local.yaml` with this platform's own encrypted secrets to `.local`, and creates the stack
 * once. The committed file can be edited and updated, and never holds a clone's secrets.
 */
export async function prepareStack(): Promise<void> {
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  const committed = readStackYaml(join(root, "Pulumi.local.yaml"));
  const previous: StackYaml = existsSync(paths.stackFile) ? readStackYaml(paths.stackFile) : {};
  const sealingKeys = previous.config?.[SEALING_KEYS];
  const snapshots = previous.config?.[SNAPSHOTS] as object | undefined;
  const salt = previous.encryptionsalt ?? (await createStack());
  const rendered: StackYaml = {
    encryptionsalt: salt,
    config: {
      ...committed.config,
      ...(sealingKeys ? { [SEALING_KEYS]: sealingKeys } : {}),
      ...(snapshots ? { [SNAPSHOTS]: { ...snapshots, ...(committed.config?.[SNAPSHOTS] as object | undefined) } } : {}),
    },
  };
  writeSecret(paths.stackFile, stringify(rendered));
  if (!stackExists()) await createStack();
  const set = ["config", "set", "--config-file", paths.stackFile, "--path"];
  const target = localTarget();
  if (sealingKeys) return;
  // Machines of an older platform lack the program age: only a new one takes snapshots.
  await pulumi(target, [...set, "--secret", `${SNAPSHOTS}.identity`], { input: newIdentity() });
  const pair = await newSealingKey();
  await pulumi(target, [...set, "--plaintext", `${SEALING_KEYS}[0].certificate`], { input: pair.certificate });
  await pulumi(target, [...set, "--secret", `${SEALING_KEYS}[0].privateKey`], { input: pair.privateKey });
}

/** The versions that the committed stack file asks for, of the parts that the mirror has several releases of. */
export function configuredReleases(): EnsureMirrorArgs["releases"] {
  const versions = readStackYaml(join(root, "Pulumi.local.yaml")).config?.["gitops-platform:versions"];
  const { argocd, kubernetes } = (versions ?? {}) as { readonly argocd?: unknown; readonly kubernetes?: unknown };
  const one = (version: unknown): readonly string[] => (typeof version === "string" ? [version] : []);
  return { argocd: one(argocd), kubernetes: one(kubernetes) };
}

/** Creates the stack in Pulumi's state. @returns the salt of its secrets */
async function createStack(): Promise<string | undefined> {
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-stack-"));
  try {
    return await initStack(localTarget(), scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Releases the lock of a killed update. Only called while this process holds the platform: no living update owns it. */
export function releaseStaleLock(): boolean {
  const directory = join(paths.state, ".pulumi", "locks", "organization", "gitops-platform", "local");
  if (!existsSync(directory) || readdirSync(directory).length === 0) return false;
  rmSync(directory, { recursive: true });
  return true;
}

/**
 * Removes attribute files that a killed Pulumi left half written. A backend in a folder keeps one beside each of its files
 * and does without a missing one, but a truncated one makes it refuse the whole file: "EOF".
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

/** The local stack's state, read without Pulumi; secrets stay encrypted. */
export function readState(): Required<Pick<Deployment, "resources" | "pending_operations">> {
  const file = join(paths.state, ".pulumi", "stacks", "gitops-platform", "local.json");
  const state = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as { checkpoint: { latest?: Deployment } })
    : undefined;
  const { pending_operations = [], resources = [] } = state?.checkpoint.latest ?? {};
  return { resources, pending_operations };
}

export interface ConfiguredNode {
  readonly name: string;
  readonly role: string;
  readonly address: string;
}

/** The nodes of the rendered stack file, in their order. */
export function configuredNodes(): readonly ConfiguredNode[] {
  return readStackYaml(paths.stackFile).config?.["gitops-platform:nodes"] as readonly ConfiguredNode[];
}

/** Writes the outputs that an operator uses as files: kubeconfig, sealing certificate, the Git server's host key. */
export function writeOutputs(outputs: StackOutputs): void {
  writeFileSync(paths.knownHosts, `${outputs.rootApplication.knownHosts}\n`);
  writeSecret(paths.kubeconfig, outputs.kubeconfig);
  writeFileSync(paths.certificate, outputs.sealingCertificate);
  writeSecret(paths.argocdLogin, JSON.stringify({ username: "admin", password: outputs.argocd.adminPassword }));
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
  /** `notAfter`: when the first certificate ends. */
  readonly certificates: { readonly notAfter: string };
}

/** The stack's outputs, secrets in clear: for files and memory, never for a log. */
export async function readOutputs(): Promise<StackOutputs> {
  return JSON.parse(await pulumi(localTarget(), ["stack", "output", "--json", "--show-secrets"])) as StackOutputs;
}
