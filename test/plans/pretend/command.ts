/**
 * The command plugin of a site that only exists on paper: decides what an update would do exactly like
 * packages/stand-ins/command, and then says that it was done. What steps print is made up, where the program reads it.
 */
import { version } from "@pulumi/command/package.json";
import { createHash } from "node:crypto";
import { CommandPlugin } from "@gitops-platform/stand-ins/command/command-plugin";
import { servePlugin } from "@gitops-platform/stand-ins/protocol/plugin-server";
import { type PropertyMap, reveal } from "@gitops-platform/stand-ins/protocol/property-value";
import type * as protocol from "@gitops-platform/stand-ins/protocol/provider-plugin";
import { CA_CERTIFICATE } from "../../unit/kubernetes/ca-certificate";

class PretendCommands extends CommandPlugin {
  override async create(request: protocol.CreateRequest): Promise<protocol.ResourceState> {
    if (request.preview) return super.create(request);
    await work(request.urn);
    return { id: `${request.name}-made`, properties: { ...request.inputs, ...printed(request.name, request.inputs) } };
  }

  override async update(request: protocol.UpdateRequest): Promise<PropertyMap> {
    if (request.preview) return super.update(request);
    await work(request.urn);
    return { ...request.news, ...printed(request.name, request.news) };
  }

  override async delete(): Promise<void> {
    // Nothing was made.
  }
}

/**
 * `PRETEND_SLOW=<name>=<milliseconds>` makes one step take its time, so that an update can be caught in the middle;
 * `PRETEND_FAIL=<name>` makes one fail.
 */
async function work(urn: string): Promise<void> {
  if (urn.endsWith(`::${process.env["PRETEND_FAIL"] ?? " "}`)) throw new Error("pretended to fail");
  const [name = "", milliseconds = "0"] = (process.env["PRETEND_SLOW"] ?? "").split("=");
  if (name && urn.endsWith(`::${name}`)) await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
}

/** A kubeconfig, or one JSON object with everything that the program reads from any step. */
function printed(name: string, inputs: PropertyMap): PropertyMap {
  if (name.endsWith("-kubeconfig")) return { stdout: KUBECONFIG, stderr: "" };
  const stdin = reveal(inputs.stdin ?? "");
  const exported = (variable: string): string | undefined =>
    typeof stdin === "string" ? new RegExp(`export ${variable}='([^']*)'`).exec(stdin)?.[1] : undefined;
  const limitNs = exported("LIMIT_NS");
  const id = createHash("sha256").update(name).digest("hex");
  const facts = {
    ...{ p50Ms: 0.4, p99Ms: 1.5, p999Ms: 2.5, iops: 2474, directory: "/var/lib/etcd", device: "/dev/vda1" },
    ...{ fileSystem: "ext4", fioVersion: "fio-3.33", time: "2026-11-24T12:00:00Z", load: 0.1, cpus: 2 },
    ...{ cpuPressure: 0, stealPercent: 0, peers: [], warnings: [], verdict: "passed" },
    limitMs: Number(limitNs ?? 10_000_000) / 1_000_000,
    ...{
      hostname: name,
      machineId: id.slice(0, 32),
      mac: `52:54:00:${id.slice(0, 6).replace(/(..)(..)(..)/, "$1:$2:$3")}`,
    },
    pending: false,
    ...{ domainType: "kvm", storageDirectory: "/var/lib/libvirt/images", file: "/var/lib/libvirt/images/base.raw" },
    caCertificate: CA_CERTIFICATE,
    versions: { kubernetes: "what is pretended to run" },
    cluster: name.endsWith("-activation")
      ? { kubernetes: exported("KUBERNETES_VERSION") }
      : foundedWith(exported("INIT_CONFIG") ?? ""),
    certificates: { notAfter: "2126-01-01T00:00:00Z" },
    // Nothing, which is enough for `npm run drift` to look for the node.
    ...(name.endsWith("-prepare") ? { node: exported("NODE_NAME"), written: {} } : {}),
  };
  return { stdout: JSON.stringify(facts), stderr: "" };
}

/** The cluster's own answer: what kubeadm was given. */
function foundedWith(config: string): Record<string, string> {
  const field = (name: string): string => new RegExp(`^ *${name}: v?(.*)$`, "m").exec(config)?.[1] ?? "";
  return {
    ...{ name: field("clusterName"), podSubnet: field("podSubnet"), serviceSubnet: field("serviceSubnet") },
    kubernetes: field("kubernetesVersion"),
  };
}

/** Nobody answers at this address of this computer, and nothing else uses it. */
const KUBECONFIG = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  "current-context": "pretended",
  contexts: [{ name: "pretended", context: { cluster: "pretended", user: "nobody" } }],
  clusters: [{ name: "pretended", cluster: { server: "https://127.0.0.3:9" } }],
  users: [{ name: "nobody", user: { token: "none" } }],
});

void servePlugin((log) => new PretendCommands(version, log));
