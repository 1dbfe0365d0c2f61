import { join } from "node:path";
import { effectiveScript, renderScript } from "../../../components/remote/script";
import { root } from "../../lib/paths";
import type { ExpectedNode, NodeConnection } from "./expected";
import { type ExpectedHypervisor, type ObservedGuest, parseGuests } from "./guests";
import { AS_ROOT, runOnNode } from "./node-command";
import { type ObservedNode, parseProbe } from "./observed";

/** The probe takes a second; fio on a slow disk can take minutes. */
const PROBE_SECONDS = 60;
const DISK_SECONDS = 240;
/** RemoteStep's own limit is in its command. The longest step drains its node for up to an hour. */
const STEP_SECONDS = 4500;

const PROBE = join(root, "scripts", "remote", "drift", "probe-node.sh");
const GUEST_PROBE = join(root, "scripts", "remote", "drift", "probe-guests.sh");

/**
 * Looks at a node: one login, one command, nothing changed.
 *
 * @param measureDisk also measures fdatasync where its etcd lives
 * @throws a sentence when it can't be reached or looked at
 */
export async function observeNode(node: ExpectedNode, measureDisk: boolean): Promise<ObservedNode> {
  const seconds = measureDisk && node.disk ? DISK_SECONDS : PROBE_SECONDS;
  return parseProbe(await probe(node.connection, probeScript(node, measureDisk), seconds));
}

/** Looks at the guests of a hypervisor likewise. @throws a sentence when it can't be reached or looked at */
export async function observeGuests({
  connection,
  guests,
  name,
  storageDirectory,
}: ExpectedHypervisor): Promise<ReadonlyMap<string, ObservedGuest>> {
  const stdin = renderScript(effectiveScript(GUEST_PROBE), {
    NODE_NAME: name,
    STORAGE_DIRECTORY: storageDirectory,
    GUESTS: guests.map((guest) => guest.name).join("\n"),
  });
  return parseGuests(await probe(connection, stdin, PROBE_SECONDS));
}

function probe(connection: NodeConnection, stdin: string, seconds: number): Promise<string> {
  const command = `${AS_ROOT} timeout --kill-after=5 ${seconds} bash -s -- probe`;
  return runOnNode(connection, { command, stdin, seconds: seconds + 15 });
}

/** The text that travels on stdin. */
function probeScript(node: ExpectedNode, measureDisk: boolean): string {
  const lines = (names: readonly string[]): string => names.join("\n");
  return renderScript(effectiveScript(PROBE), {
    NODE_NAME: node.name,
    FILES: lines([...Object.keys(node.files), ...Object.keys(node.packageFiles)]),
    PACKAGES: lines(Object.entries(node.packages).map(([name, version]) => `${name} ${version}`)),
    UNITS: lines(Object.keys(node.units)),
    SYSCTLS: lines(Object.keys(node.sysctls)),
    MODULES: lines(node.modules),
    DISK_DIRECTORY: measureDisk ? (node.disk?.directory ?? "") : "",
  });
}

/**
 * Runs the steps of a node again, exactly as the last update ran them: each is idempotent and puts back what it wrote.
 * Pulumi can't be told to: a step whose inputs are the same is not run, and replacing it would run its undo first.
 *
 * @throws the sentence of the step that failed
 */
export async function repairNode({ connection, steps }: ExpectedNode): Promise<void> {
  for (const step of steps) await runOnNode(connection, { ...step, seconds: STEP_SECONDS });
}
