/** A worker that is a virtual machine: the operator adds it to the stack file, the cluster reports it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Document, YAMLSeq } from "yaml";
import type { ArtifactList, FileArtifact } from "../../components/artifacts/artifact";
import { effectiveScript, renderScript } from "../../components/remote/script";
import { parseGateResult, type GateResult } from "../../components/disk-gate/measurement";
import { paths, root } from "../../scripts/lib/paths";
import { readOutputs, readState } from "../../scripts/local/platform/stack";
import type { Hypervisor } from "./hypervisor";
import { overSsh } from "./over-ssh";
import { kubectlJson } from "./platform";

const CONFIG = "gitops-platform";

/** The storage directory on the hypervisor. */
const STORAGE = "/var/lib/libvirt/gitops-platform";

export interface GuestWorker {
  readonly name: string;
  readonly address: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** The guest image of the mirror. @throws when the mirror has none */
export function pinnedImage(): FileArtifact {
  const list = JSON.parse(readFileSync(join(paths.mirror, "artifacts.json"), "utf8")) as ArtifactList;
  const image = list.artifacts.find((artifact) => artifact.kind === "file" && artifact.name === "guest-image");
  if (image?.kind !== "file") throw new Error("the mirror has no guest-image; build it: npm run mirror -- --virtual");
  return image;
}

/** The server in front of the hypervisor and its guest. */
export interface Bastion {
  readonly address: string;
  readonly hostKey: string;
}

/** The hub as the bastion: it is no node of the cluster, and accepts the operator's key. */
export async function hubAsBastion(): Promise<Bastion> {
  const { rootApplication } = await readOutputs();
  const [address = "", ...hostKey] = rootApplication.knownHosts.split(" ");
  return { address, hostKey: hostKey.slice(0, 2).join(" ") };
}

/** Adds the worker, its hypervisor and its image to the stack file, with emulation allowed. */
export function addGuestWorker(
  document: Document.Parsed,
  hypervisor: Hypervisor,
  bastion: Bastion,
  guest: GuestWorker,
  image: FileArtifact,
): void {
  const set = (key: string, value: unknown): void =>
    document.setIn(["config", `${CONFIG}:${key}`], document.createNode(value));
  const files = document.getIn(["config", `${CONFIG}:artifacts`, "files"]) as string;
  set("hypervisors", [
    {
      name: hypervisor.args.name,
      address: hypervisor.args.address,
      hostKey: hypervisor.hostKey,
      bastion,
      attachment: { kind: "bridge", name: "br0" },
      storage: { kind: "directory", path: STORAGE },
      allowEmulation: true,
    },
  ]);
  set("guestImage", { url: `${files}/${image.path}`, sha256: image.sha256, format: "qcow2" });
  document.setIn(["config", `${CONFIG}:network`, "gateway"], hypervisor.args.hostAddress);
  const nodes = document.getIn(["config", `${CONFIG}:nodes`]) as YAMLSeq;
  nodes.add(
    document.createNode({ ...guest, kind: "libvirt", role: "worker", hypervisor: hypervisor.args.name, diskGiB: 10 }),
  );
}

/** The host key that the stack made for a machine before it made the machine. */
export function madeHostKey(machine: string): string {
  const key = readState().resources.find(({ urn }) => urn.endsWith(`::${machine}-host-key`))?.outputs?.["publicKey"];
  if (typeof key !== "string") throw new Error(`the state has no host key of ${machine}`);
  return key;
}

/** Runs the disk gate's own script on a worker. A slow disk doesn't fail it, because no etcd runs there. */
export async function measureDisk(guest: GuestWorker): Promise<GateResult> {
  const script = renderScript(effectiveScript(join(root, "scripts/remote/disk-gate/measure-fsync.sh")), {
    NODE_NAME: guest.name,
    GATE_DIRECTORY: "/var/lib/etcd",
    LIMIT_NS: "10000000",
    SUSTAINED_SECONDS: "0",
    STEAL_PERCENT: "2 5",
    PEERS: "",
    ROUND_TRIP_MS: "10 50",
    OVERRIDE_REASON: "a worker in emulation holds no etcd",
  });
  const measured = await overSsh(guest.address, madeHostKey(guest.name), script, 300);
  if (measured.exitCode !== 0) throw new Error(`the disk gate failed on ${guest.name}:\n${measured.output}`);
  return parseGateResult(guest.name, measured.output.trim().split("\n").at(-1) ?? "");
}

interface KubernetesNode {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
    readonly capacity: { readonly memory: string };
    readonly nodeInfo: { readonly bootID: string; readonly osImage: string; readonly kernelVersion: string };
  };
}

export interface ObservedNode {
  readonly name: string;
  readonly ready: boolean;
  readonly memoryMiB: number;
  /** Changes with every boot. */
  readonly bootId: string;
  readonly system: string;
}

/** Every node that the cluster's API reports. */
export async function observedNodes(): Promise<readonly ObservedNode[]> {
  const { items } = await kubectlJson<{ items: readonly KubernetesNode[] }>("get", "nodes");
  return items.map(({ metadata, status }) => ({
    name: metadata.name,
    ready: status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True"),
    memoryMiB: Math.floor(Number.parseInt(status.capacity.memory, 10) / 1024),
    bootId: status.nodeInfo.bootID,
    system: `${status.nodeInfo.osImage}, Linux ${status.nodeInfo.kernelVersion}`,
  }));
}
