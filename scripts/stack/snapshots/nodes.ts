import { REMOTE_COMMAND } from "../../../components/tokens";
import { compareNames, modelOf, requireFacts } from "../../lib/stack-model";
import { type Deployment, plain } from "../../lib/stack-state";
import { endpointsOf, type NodeConnection, type StepConnection } from "../drift/expected";
import { AS_ROOT, runOnNode } from "../drift/node-command";
import { takenAt } from "./retention";

/** A control plane, reached as the last update reached it. */
export interface ControlPlane {
  readonly name: string;
  readonly connection: NodeConnection;
}

/** What snapshot-etcd.sh prints of a snapshot. */
export interface Taken {
  readonly name: string;
  readonly revision: number;
  readonly keys: number;
  readonly bytes: number;
}

export interface StoredSnapshot {
  readonly name: string;
  readonly bytes: number;
}

const DIRECTORY = "/var/lib/gitops-platform/snapshots";
const PROGRAM = "/var/lib/gitops-platform/snapshot-etcd.sh";
const RESTORE_DIRECTORY = "/var/lib/gitops-platform/restore";
const TAKE_SECONDS = 600;
const LIST_SECONDS = 30;
const COPY_SECONDS = 900;

/** The control planes that the last update prepared, by name: the first one founds a cluster. @throws when there are none */
export function controlPlanesOf(stack: string, deployment: Deployment): readonly ControlPlane[] {
  const model = modelOf(deployment.resources ?? []);
  requireFacts(stack, model);
  const found = model.nodes.flatMap(({ name, role }): ControlPlane[] => {
    if (role !== "control-plane") return [];
    const step = (deployment.resources ?? []).find(({ type, urn }) => {
      const facts = type === REMOTE_COMMAND ? model.stepOf(urn) : undefined;
      return facts?.node === name && facts.step === "prepare";
    });
    return step ? [{ name, connection: endpointsOf(plain(step.inputs?.["connection"]) as StepConnection) }] : [];
  });
  return found.sort((left, right) => compareNames(left.name, right.name));
}

/** The snapshots on a control plane. @throws when it can't be asked */
export async function listOn({ connection }: ControlPlane): Promise<StoredSnapshot[]> {
  // No directory yet is no snapshot; one that can't be read is not known.
  const stdin = `set -e; [ ! -d ${DIRECTORY} ] || find ${DIRECTORY} -maxdepth 1 -name '*.age' -printf '%f %s\\n'; echo end`;
  const printed = await runOnNode(connection, { command: `${AS_ROOT} bash -s`, stdin, seconds: LIST_SECONDS });
  const lines = printed.trim().split("\n");
  if (lines.pop() !== "end") throw new Error("the list of its snapshots is cut off");
  return lines.flatMap((line) => {
    const [name = "", bytes] = line.split(" ");
    return takenAt(name) === undefined ? [] : [{ name, bytes: Number(bytes) }];
  });
}

/** Has a control plane take a snapshot now. @throws the script's own sentence */
export async function takeOn({ connection }: ControlPlane): Promise<Taken> {
  const stdin = `[ -e ${PROGRAM} ] || { echo 'it takes no snapshots: add the section snapshots to the stack file, and run an update' >&2; exit 1; }
ON_DEMAND=yes exec bash ${PROGRAM} apply </dev/null`;
  return JSON.parse(
    await runOnNode(connection, { command: `${AS_ROOT} bash -s`, stdin, seconds: TAKE_SECONDS }),
  ) as Taken;
}

/** Copies a snapshot from a control plane: as it lies there, encrypted. */
export async function fetchFrom({ connection }: ControlPlane, { bytes, name }: StoredSnapshot): Promise<Buffer> {
  const stdin = `base64 ${DIRECTORY}/${name}`;
  const text = await runOnNode(connection, { command: `${AS_ROOT} bash -s`, stdin, seconds: COPY_SECONDS });
  const file = Buffer.from(text, "base64");
  if (file.length !== bytes) throw new Error(`${name} is cut off (got ${file.length} bytes, need ${bytes})`);
  return file;
}

/**
 * Brings an opened snapshot to the machine that founds the cluster, where only root reads it.
 *
 * @throws when the machine can't be reached, or has a cluster already
 */
export async function bring({ connection }: ControlPlane, clear: Buffer, sha256: string): Promise<void> {
  const file = `${RESTORE_DIRECTORY}/${sha256}`;
  const refusal = "this machine has its cluster already, and takes no snapshot";
  const script = `for mark in initialised joined; do [ ! -e /etc/gitops-platform/$mark ] || { echo "${refusal}" >&2; exit 1; }; done; umask 077 && mkdir -p ${RESTORE_DIRECTORY} && base64 --decode >${file}.new && mv ${file}.new ${file}.tar.gz`;
  await runOnNode(connection, {
    command: `${AS_ROOT} bash -c '${script}'`,
    stdin: clear.toString("base64"),
    seconds: COPY_SECONDS,
  });
}
