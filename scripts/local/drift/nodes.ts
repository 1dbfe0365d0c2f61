import { join } from "node:path";
import type { ClientChannel } from "ssh2";
import { login } from "../../../airgap/providers/ssh/client";
import { inlineLibraries, renderScript } from "../../../components/remote/script";
import { root } from "../platform/paths";
import type { ExpectedNode } from "./expected";
import { type ObservedNode, parseProbe } from "./observed";

/** One login may take that long; nothing is tried again: who asks for drift wants to know that a node is away. */
const DIAL_SECONDS = 15;
/** The probe takes a second; fio on a slow disk can take minutes. */
const PROBE_SECONDS = 60;
const DISK_SECONDS = 240;

const PROBE = join(root, "scripts", "node", "drift", "probe-node.sh");

/**
 * Looks at a node: one login with the pinned host key, one command, nothing changed.
 *
 * @param measureDisk also measures fdatasync where its etcd lives
 * @throws a sentence when it can't be reached or looked at
 */
export async function observeNode(node: ExpectedNode, measureDisk: boolean): Promise<ObservedNode> {
  const { connection, disk } = node;
  if (!connection.hostKey)
    throw new Error("the state has no host key for it, and an unverified connection is not made");
  const seconds = measureDisk && disk ? DISK_SECONDS : PROBE_SECONDS;
  const client = await login({ ...connection, dialErrorLimit: 0, perDialTimeout: DIAL_SECONDS });
  try {
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      const command = `$([ "$(id -u)" = 0 ] || echo sudo -n) timeout --kill-after=5 ${seconds} bash -s -- probe`;
      client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    const { code, stdout, stderr } = await collect(channel, probeScript(node, measureDisk), seconds + 15);
    if (code !== 0) throw new Error(complaint(code, stderr));
    return parseProbe(stdout);
  } finally {
    client.end();
  }
}

/** The text that travels on stdin. */
export function probeScript(node: ExpectedNode, measureDisk: boolean): string {
  const lines = (names: readonly string[]): string => names.join("\n");
  return renderScript(inlineLibraries(PROBE), {
    NODE_NAME: node.name,
    FILES: lines([...Object.keys(node.files), ...Object.keys(node.packageFiles)]),
    PACKAGES: lines(Object.keys(node.packages)),
    UNITS: lines(Object.keys(node.units)),
    SYSCTLS: lines(Object.keys(node.sysctls)),
    MODULES: lines(node.modules),
    DISK_DIRECTORY: measureDisk ? (node.disk?.directory ?? "") : "",
  });
}

function complaint(code: number | null, stderr: string): string {
  const said = stderr.trim().split("\n").at(-1);
  if (code === 124 || code === 137) return "the probe took too long, and was ended";
  return `the probe ended with ${code ?? "no exit code"}${said ? `: ${said}` : ""}`;
}

interface Collected {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function collect(channel: ClientChannel, stdin: string, seconds: number): Promise<Collected> {
  return new Promise((resolve, reject) => {
    const chunks = { stdout: [] as string[], stderr: [] as string[] };
    let code: number | null = null;
    const timer = setTimeout(() => reject(new Error(`no answer within ${seconds} s`)), seconds * 1000);
    channel.setEncoding("utf8").on("data", (text: string) => void chunks.stdout.push(text));
    channel.stderr.setEncoding("utf8").on("data", (text: string) => void chunks.stderr.push(text));
    channel.on("exit", (status: number | null) => (code = status));
    channel.on("close", () => {
      clearTimeout(timer);
      resolve({ code, stdout: chunks.stdout.join(""), stderr: chunks.stderr.join("") });
    });
    channel.end(stdin);
  });
}
