import { join } from "node:path";
import { execa } from "execa";
import { type ApiServer, apiServerIn } from "../../lib/api-server";
import { nameOf } from "../../../components/tokens";
import { endOrphans } from "../../lib/orphans";
import { paths, root } from "../../lib/paths";
import { localTarget, pulumi } from "../../lib/pulumi";
import { dropPendingOperations } from "../../lib/stack-commands";
import { configuredNodes, readState, releaseStaleLock, removeTornAttributes } from "./stack";

/** A machine in the list that `machine.sh status` prints. */
interface MachineStatus {
  readonly name: string;
  readonly running: boolean;
  readonly disk: boolean;
}

export interface Recovery {
  /** What was done, a sentence each. */
  readonly done: readonly string[];
  /** Flags that the next `pulumi up` needs. */
  readonly upArgs: readonly string[];
  /** The API server of a cluster whose machines are there. */
  readonly api?: ApiServer | undefined;
}

const MACHINE = join(root, "components", "machines", "local", "machine.sh");
const CONTAINER = "-container";

/**
 * Prepares the platform for the next `pulumi up` after an interrupted update, a reboot or a loss: releases a stale lock,
 * starts stopped machines, has lost ones replaced. When etcd has lost its majority, the cluster is lost: its
 * resources leave the state, without a connection to anything, and the update makes all of it anew.
 *
 * @throws when Pulumi can't drop what is lost, or a machine can't be started
 */
export async function recoverPlatform(): Promise<Recovery> {
  const done: string[] = [];
  if ((await endOrphans()) > 0) done.push("ended the processes of a killed Pulumi");
  if (releaseStaleLock()) done.push("released the lock of an update that was killed");
  if (removeTornAttributes(paths.state) > 0) done.push("removed half-written attributes of the state");
  const { pending_operations: pending, resources } = readState();
  if (pending.length > 0) {
    await dropPendingOperations(localTarget());
    done.push(`${pending.length} operations were interrupted; doing them again`);
  }

  const containers = resources.filter(({ type, urn }) => type === "command:local:Command" && urn.endsWith(CONTAINER));
  if (containers.length === 0) return { done, upArgs: [] };
  const { stdout } = await execa("bash", [MACHINE, "status", paths.machines]);
  const machines = new Map((JSON.parse(stdout) as MachineStatus[]).map((machine) => [machine.name, machine]));
  const named = containers.map(({ urn }) => ({ urn, name: nameOf(urn).slice(0, -CONTAINER.length) }));

  const lost = named.filter(({ name }) => !machines.get(name)?.disk);
  const controlPlanes = configuredNodes().filter(
    ({ role, name }) => role === "control-plane" && named.some((made) => made.name === name),
  );
  const members = lost.filter(({ name }) => controlPlanes.some((node) => node.name === name)).map(({ name }) => name);
  if (members.length * 2 >= Math.max(1, controlPlanes.length)) {
    // Not `pulumi destroy --target`: 3.259.0 asks the plugin of a cluster that is gone, and fails.
    for (const { urn } of named) await pulumi(localTarget(), ["state", "delete", urn, "--yes", "--target-dependents"]);
    return { done: [...done, `the cluster is lost with ${members.join(" and ")}; making it anew`], upArgs: [] };
  }
  for (const { name } of named) {
    const machine = machines.get(name);
    if (!machine?.disk || machine.running) continue;
    await execa("bash", [MACHINE, "start", name, paths.machines]);
    done.push(`started ${name}, which was not running`);
  }
  done.push(...lost.map(({ name }) => `${name} is lost; replacing it`));
  const upArgs = lost.flatMap(({ urn }) => ["--replace", urn]);
  // The endpoint may be the lost machine's: it answers once that has joined again.
  return { done, upArgs, ...(members.length === 0 ? { api: apiServerIn(resources) } : {}) };
}
