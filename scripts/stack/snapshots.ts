import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { table } from "@gitops-platform/cli/table";
import { inPrivateDirectory } from "@gitops-platform/infra-repo/sealed/private-directory";
import { checkIdentity, newIdentity, type AgeIdentity } from "../../config/age-identity";
import { openConfig } from "../infra-repo/secrets/stack-config";
import { stackFile } from "../infra-repo/secrets/stack-file";
import { readStackYaml } from "../lib/stack-yaml";
import { accessStack } from "./access/stack-access";
import { exportState } from "./drift/cluster";
import { SnapshotDirectory } from "./snapshots/directory";
import { type ControlPlane, controlPlanesOf, fetchFrom, listOn, type StoredSnapshot, takeOn } from "./snapshots/nodes";
import { openSnapshot, type Snapshot } from "./snapshots/pack";
import { clusterIn, refuseUnfit, restoreStack } from "./snapshots/restore";

const SECTION = "gitops-platform:snapshots";

interface Asked {
  readonly stack: string;
  readonly name: string | undefined;
  readonly directory: SnapshotDirectory;
}

/** What lies on one control plane, or why that isn't known. */
interface Looked {
  readonly node: ControlPlane;
  readonly snapshots: readonly StoredSnapshot[];
  readonly blind?: string;
}

async function lookAtNodes(stack: string): Promise<Looked[]> {
  const access = await accessStack(stack, { emptyIsFine: false });
  const nodes = controlPlanesOf(stack, await exportState(access));
  if (nodes.length === 0) throw new Error(`stack ${stack} — has no control plane in its state; bring it up first`);
  return Promise.all(
    nodes.map(async (node): Promise<Looked> => {
      try {
        return { node, snapshots: await listOn(node) };
      } catch (error) {
        return { node, snapshots: [], blind: reasonOf(error) };
      }
    }),
  );
}

async function list({ directory, stack }: Asked): Promise<number> {
  const here = directory.list();
  const looked = await lookAtNodes(stack);
  const places = new Map<string, { bytes: number; where: string[] }>();
  const add = (where: string, { bytes, name }: StoredSnapshot): void => {
    places.set(name, { bytes, where: [...(places.get(name)?.where ?? []), where] });
  };
  for (const { node, snapshots } of looked) snapshots.forEach((snapshot) => add(node.name, snapshot));
  here.forEach((snapshot) => add(directory.path, snapshot));
  const rows = [...places].sort().map(([name, { bytes, where }]) => [name, megabytes(bytes), where.join(", ")]);
  print(rows.length > 0 ? `${table([["Name", "MB", "Where"], ...rows]).join("\n")}\n` : "no snapshots\n");
  return reportBlind(looked);
}

async function take(asked: Asked): Promise<number> {
  const { stack } = asked;
  const access = await accessStack(stack, { emptyIsFine: false });
  const failures: string[] = [];
  for (const node of controlPlanesOf(stack, await exportState(access))) {
    const taken = await takeOn(node).catch((error: unknown) => void failures.push(`${node.name}: ${reasonOf(error)}`));
    if (!taken) continue;
    const { bytes, keys, name, revision } = taken;
    print(`${node.name}: ${name}, revision ${revision}, ${keys} keys, ${megabytes(bytes)} MB\n`);
    return store(asked, [{ node, snapshots: [{ name, bytes }] }]);
  }
  throw new Error([`stack ${stack} — no control plane took a snapshot:`, ...failures].join("\n  - "));
}

async function pull(asked: Asked): Promise<number> {
  const looked = await lookAtNodes(asked.stack);
  const stored = await store(asked, looked);
  return reportBlind(looked) || stored;
}

/** Copies what this computer lacks, and thins out its directory. @returns 1 when one did not come, or does not open */
async function store({ directory, stack }: Asked, looked: readonly Looked[]): Promise<number> {
  const known = new Set(directory.list().map(({ name }) => name));
  const identity = await identityOf(stack);
  let copied = 0;
  const refused: string[] = [];
  for (const { node, snapshots } of looked) {
    for (const snapshot of snapshots.filter(({ name }) => !known.has(name))) {
      try {
        const file = await fetchFrom(node, snapshot);
        openSnapshot(snapshot.name, file, identity);
        directory.add(snapshot.name, file);
        copied++;
      } catch (error) {
        refused.push(`${node.name}: ${reasonOf(error)}`);
      }
    }
  }
  const gone = directory.thin(Date.now());
  print(`${directory.path}: ${copied} added and verified, ${gone.length} removed, ${directory.list().length} there\n`);
  if (refused.length > 0) print(`Not kept:\n${refused.map((line) => `  ${line}\n`).join("")}`);
  return refused.length > 0 ? 1 : 0;
}

async function verify({ directory, name, stack }: Asked): Promise<number> {
  const identity = await identityOf(stack);
  const names = name === undefined ? directory.list().map((snapshot) => snapshot.name) : [name];
  if (names.length === 0)
    throw new Error(`${directory.path} — has no snapshots; npm run snapshots -- ${stack} pull copies them`);
  for (const each of names) print(`${each}: ${describe(openSnapshot(each, directory.read(each), identity))}\n`);
  print(`${names.length} verified\n`);
  return 0;
}

async function restore({ directory, name, stack }: Asked): Promise<number> {
  if (name === undefined) throw new Error("NAME — is missing; name the snapshot to restore");
  const begin = performance.now();
  const snapshot = openSnapshot(name, directory.read(name), await identityOf(stack));
  refuseUnfit(stack, snapshot, clusterIn(stack));
  print(`${name}: ${describe(snapshot)}; whole\n`);
  await restoreStack(await accessStack(stack, { emptyIsFine: false }), name, snapshot);
  const { manifest } = snapshot;
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  print(`The cluster ${manifest.cluster} is back as it was at ${manifest.takenAt} (${seconds} s).\n`);
  return 0;
}

/** Makes the identity that snapshots are encrypted for. A second one would close every snapshot that there is. */
async function newKey({ stack }: Asked): Promise<number> {
  const file = stackFile(stack);
  const section = (readStackYaml(file).config?.[SECTION] ?? {}) as { readonly identity?: unknown };
  if (section.identity !== undefined)
    throw new Error(`${file} — has an identity already, which opens the snapshots that there are; nothing was changed`);
  await inPrivateDirectory(async (directory) => {
    const scratch = await openConfig(stack, file, directory);
    await scratch.config(["set", "--path", "--secret", `${SECTION}.identity`], newIdentity());
    scratch.keep();
  });
  print(`${file} has an identity for snapshots, encrypted. Next: npx pulumi up -s ${stack}\n`);
  return 0;
}

async function identityOf(stack: string): Promise<AgeIdentity> {
  const file = stackFile(stack);
  const text = await inPrivateDirectory(async (directory) => {
    const scratch = await openConfig(stack, file, directory);
    return scratch.config(["get", "--path", `${SECTION}.identity`]);
  });
  const checked = checkIdentity(text);
  if ("ok" in checked) return checked.ok;
  throw new Error(`${file} — its snapshots.identity ${checked.wrong}`);
}

function describe({ databaseBytes, manifest }: Snapshot): string {
  const { cluster, keys, kubernetes, node, revision, takenAt } = manifest;
  return `${cluster}, Kubernetes ${kubernetes}, ${takenAt} by ${node}, revision ${revision}, ${keys} keys, ${megabytes(databaseBytes)} MB of etcd`;
}

/** @returns 1 when a control plane could not be asked: what lies there is not known */
function reportBlind(looked: readonly Looked[]): number {
  const blind = looked.flatMap((look) => (look.blind === undefined ? [] : [`${look.node.name}: ${look.blind}`]));
  if (blind.length > 0) print(`Could not be asked:\n${blind.map((line) => `  ${line}\n`).join("")}`);
  return blind.length > 0 ? 1 : 0;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const VERBS = { list, take, pull, verify, restore, "new-key": newKey };

export const command = defineCommand({
  name: "npm run snapshots",
  summary:
    "Snapshots of etcd with the cluster's CAs, encrypted for the stack (docs/guides/snapshots.md). Control planes take them by a " +
    "timer and keep the last three each; this computer keeps those of a day, seven days, five weeks and twelve months.",
  arguments: [
    { name: "STACK", summary: "local, or a stack with a Pulumi.STACK.yaml" },
    {
      name: "VERB",
      summary:
        "list prints them; take has one taken and copies it; pull copies what this computer lacks; verify opens them here and " +
        "checks all of it; restore brings a lost cluster up with one; new-key makes the stack's identity for them",
    },
    { name: "NAME", summary: "of a snapshot: for restore, and for verify, which else takes all", optional: true },
  ],
  flags: {
    to: { type: "string", value: "DIR", summary: "this computer's directory of them (default: snapshots/STACK)" },
  },
  exits: { 0: "done", 1: "refused or failed, or a control plane could not be asked" },
  run: async ([stack, verb, name], { to }) => {
    if (!Object.hasOwn(VERBS, verb))
      throw new Error(`VERB — got ${verb}, need ${Object.keys(VERBS).join(", ")}; choose one`);
    return VERBS[verb as keyof typeof VERBS]({ stack, name, directory: new SnapshotDirectory(stack, to) });
  },
});

runAsProgram(module, command);
