import { join } from "node:path";
import { execa } from "execa";
import { endOrphans } from "../../lib/orphans";
import { paths, root } from "../../lib/paths";
import { pulumi } from "../../lib/pulumi";
import { configuredNodes, readState, releaseStaleLock, removeTornAttributes } from "./stack";

/** What `machine.sh status` says of one machine. */
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
}

const MACHINE = join(root, "scripts", "local", "machine", "machine.sh");
const CONTAINER = "-container";

/**
 * Makes what an interrupted update, a reboot or a loss left behind ready for the next `pulumi up`: a stale lock is
 * released, a stopped machine is started, a lost worker is replaced. With the first control plane lost, the cluster is:
 * what Pulumi's state still has of it is dropped, without a connection to anything, and all of it is made anew.
 *
 * @throws when Pulumi can't drop what is lost, or a machine can't be started
 */
export async function recover(): Promise<Recovery> {
  const done: string[] = [];
  if ((await endOrphans()) > 0) done.push("ended what a killed Pulumi had left running");
  if (releaseStaleLock()) done.push("released the lock of an update that was killed");
  if (removeTornAttributes(paths.state) > 0) done.push("removed what a killed Pulumi had half written");
  const { resources, pending } = readState();
  if (pending.length > 0) {
    await forgetPendingOperations();
    done.push(`${pending.length} operations were interrupted; doing them again`);
  }

  const containers = resources.filter(({ type, urn }) => type === "command:local:Command" && urn.endsWith(CONTAINER));
  if (containers.length === 0) return { done, upArgs: [] };
  const { stdout } = await execa("bash", [MACHINE, "status", paths.machines]);
  const machines = new Map((JSON.parse(stdout) as MachineStatus[]).map((machine) => [machine.name, machine]));
  const named = containers.map(({ urn }) => ({ urn, name: urn.slice(urn.lastIndexOf("::") + 2, -CONTAINER.length) }));

  const lost = named.filter(({ name }) => !machines.get(name)?.disk);
  const founder = configuredNodes().find(({ role }) => role === "control-plane")?.name;
  if (lost.some(({ name }) => name === founder)) {
    // Not `pulumi destroy --target`: 3.259.0 asks the plugin of a cluster that is gone, and fails.
    for (const { urn } of named)
      await pulumi(["state", "delete", urn, "--stack", "local", "--yes", "--target-dependents"]);
    return { done: [...done, `the cluster is lost with ${founder}; making it anew`], upArgs: [] };
  }
  for (const { name } of named) {
    const machine = machines.get(name);
    if (!machine?.disk || machine.running) continue;
    await execa("bash", [MACHINE, "start", name, paths.machines]);
    done.push(`started ${name}, which was not running`);
  }
  done.push(...lost.map(({ name }) => `${name} is lost; replacing it`));
  return { done, upArgs: lost.flatMap(({ urn }) => ["--replace", urn]) };
}

/**
 * Takes the note of interrupted operations out of the state. Every step continues its own half-run, and objects in the
 * cluster are taken over, so that nothing has to be looked up first.
 */
async function forgetPendingOperations(): Promise<void> {
  const exported = JSON.parse(await pulumi(["stack", "export", "--stack", "local"])) as {
    deployment: { pending_operations?: unknown };
  };
  delete exported.deployment.pending_operations;
  await pulumi(["stack", "import", "--stack", "local"], { input: JSON.stringify(exported) });
}
