import { z } from "zod";
import * as field from "./fields";
import { gitops, sealingKey } from "./gitops-schema";
import { diskGiB, guestImage, guestShape, hostKey, hypervisor, memoryMiB, port } from "./hypervisor-schema";
import { exception, network, reason } from "./network-schema";

const drainSettings = {
  timeoutSeconds: field.number(
    { need: "a whole number of seconds from 10 to 3600", example: "300" },
    { min: 10, max: 3600, whole: true },
  ),
  gracePeriodSeconds: field.number(
    { need: "a whole number of seconds from 0 to 3600", example: "60" },
    { min: 0, max: 3600, whole: true },
  ),
};

const nodeBase = {
  name: field.dnsLabel("cp-1").describe("Host name and Kubernetes node name."),
  role: field
    .choice(["control-plane", "worker"])
    .describe("Control planes also run etcd: give 1, 3 or 5 nodes this role."),
  address: field.address("10.78.0.11").describe("IPv4 address on the node network."),
  hypervisor: field
    .dnsLabel("host-1")
    .optional()
    .describe("Any name for the computer it runs on: the disk gate also measures nodes with the same one together."),
  drain: field
    .section({
      timeoutSeconds: drainSettings.timeoutSeconds.optional(),
      gracePeriodSeconds: drainSettings.gracePeriodSeconds.optional(),
    })
    .optional()
    .describe("What is different about draining this node; see the section drain."),
};

const localNode = field
  .section({
    kind: z.literal("local"),
    ...nodeBase,
    memoryMiB: memoryMiB.default(4096).describe("Limit of its memory in MiB, page cache included."),
    diskGiB: diskGiB.default(20).describe("Size of its disk in GiB. It can grow; a smaller one is refused."),
  })
  .describe("A machine container on this computer.");

export const adoptedNode = field
  .section({
    kind: z.literal("adopted"),
    ...nodeBase,
    user: field
      .loginName()
      .optional()
      .describe("Login name; unset: the one in ssh. Anything but root needs password-less sudo."),
    port: port.default(22),
    hostKey,
  })
  .describe("A server that somebody ordered.");

export const libvirtNode = field
  .section({ kind: z.literal("libvirt"), ...nodeBase, ...guestShape })
  .describe("A guest on one of the hypervisors.");

const node = z.discriminatedUnion("kind", [localNode, adoptedNode, libvirtNode], {
  error: field.alternatives("kind", ["local", "adopted", "libvirt"]),
});

export const mirror = field
  .section({
    source: z.literal("mirror"),
    files: field.url(["http", "https"], "http://10.78.0.10").describe("Base URL of the files."),
    registry: field.url(["http", "https"], "http://10.78.0.10:5000").describe("Base URL of the image registry."),
    list: field
      .file(".local/mirror/artifacts.json")
      .describe("File that pins every download by its checksum; the mirror comes with it."),
  })
  .describe("One server for files and one registry for images, under the upstream names.");

export const upstream = field
  .section({
    source: z.literal("upstream"),
    list: field
      .file("airgap/upstream.json")
      .default("airgap/upstream.json")
      .describe("File that pins every download by its checksum."),
  })
  .describe("The upstream release servers and registries.");

const percent = field.number(
  { need: "a number of percent from 0 to 100", example: "5" },
  { min: 0, max: 100, whole: false },
);
const milliseconds = (example: string): z.ZodNumber =>
  field.number(
    { need: "a number of milliseconds above 0, 10000 at most", example },
    { min: 0.001, max: 10_000, whole: false },
  );

const diskGate = field
  .section({
    limitMs: milliseconds("10").default(10).describe("Highest allowed p99 of fdatasync, in milliseconds."),
    sustainedSeconds: field
      .number({ need: "a whole number of seconds from 0 to 3600", example: "60" }, { min: 0, max: 3600, whole: true })
      .default(0)
      .describe("Length of a second, sustained pass; 0: none."),
    stealWarnPercent: percent
      .default(2)
      .describe("CPU time that the hypervisor takes meanwhile: above this percentage the gate warns."),
    stealLimitPercent: percent.default(5).describe("… and above this percentage it refuses the node."),
    roundTripWarnMs: milliseconds("50")
      .default(10)
      .describe("p99 of the round trips to each other control plane: above this the gate warns."),
    roundTripLimitMs: milliseconds("50").default(50).describe("… and above this it refuses the node."),
    directory: field
      .text({ need: "an absolute path", example: "/var/lib/etcd" }, /^(\/[\w.-]+)+$/)
      .default("/var/lib/etcd")
      .describe("Directory that will hold etcd's data; the gate measures there."),
    override: field
      .section({ reason: reason('"trial on a laptop, no real data"').describe("Why; outputs and policies show it.") })
      .optional()
      .describe("Lets a node over its limit pass."),
  })
  .describe("The disk gate: nothing of Kubernetes is installed before every control plane has passed it.");

const drain = field
  .section({
    timeoutSeconds: drainSettings.timeoutSeconds
      .default(300)
      .describe(
        "How long the pods of a node may take to leave it. A budget that keeps one longer stops the update there.",
      ),
    gracePeriodSeconds: drainSettings.gracePeriodSeconds
      .optional()
      .describe("How long each pod may take to end, in seconds; unset: as the pod itself says."),
  })
  .describe("How a node is emptied before its containerd or kubelet restarts.");

const upgrade = field
  .section({
    maxUnavailable: field
      .number({ need: "a whole number from 1 to 100", example: "1" }, { min: 1, max: 100, whole: true })
      .default(1)
      .describe("How many workers are drained at the same time. Control planes are drained one by one."),
  })
  .describe("In which steps nodes are upgraded.");

export const snapshots = field
  .section({
    everyHours: field
      .number({ need: "a number of hours that divides a day", example: "6" }, { min: 1, max: 24, whole: true })
      .refine((hours) => 24 % hours === 0, "is no part of a day (need 1, 2, 3, 4, 6, 8, 12 or 24); write for example 6")
      .default(6)
      .describe("How often etcd's leader takes one, in hours."),
    identity: field
      .secret("an age identity (AGE-SECRET-KEY-1…)")
      .optional()
      .describe("Opens the snapshots; nodes get its public half only. npm run snapshots -- STACK new-key makes it."),
  })
  .describe("Encrypted snapshots of etcd with the cluster's CAs, from which a lost cluster is restored.");

/** A date without quotes is a moment in YAML, and Pulumi writes it out as Go does. */
const DATE = /^\d{4}-\d{2}-\d{2}( 00:00:00 \+0000 UTC)?$/;

export const acceptedNotice = field.section({
  ids: field
    .list(
      { need: "a list of what notices begin with", example: "[CVE-2024-31989]" },
      field.text({ need: "what a notice begins with", example: "CVE-2024-31989" }, (value) => value !== ""),
    )
    .describe("What the notices begin with."),
  reason: reason('"no project tokens are given out"').describe("Why they are accepted."),
  until: field
    .text(
      { need: "a date", example: "2027-06-30" },
      (value) => DATE.test(value) && !Number.isNaN(Date.parse(dateOf(value))),
    )
    .transform(dateOf)
    .describe("Last day on which the reason holds."),
});

function dateOf(value: string): string {
  return value.slice(0, 10);
}

/** The sections that are one object each, by their key. */
export const sections = {
  cluster: field
    .section({
      name: field.dnsLabel("staging").describe("Names the cluster; part of the mark that a machine carries."),
      podSubnet: field.network("10.244.0.0/16").default("10.244.0.0/16").describe("Network of the pods."),
      serviceSubnet: field.network("10.96.0.0/12").default("10.96.0.0/12").describe("Network of the services."),
      conntrack: field
        .choice(["kube-proxy", "kernel"])
        .default("kube-proxy")
        .describe("kernel: for servers that are containers, where kube-proxy can't set connection tracking limits."),
      endpoint: field
        .url(["https"], "https://api.example.org:6443")
        .optional()
        .describe(
          "URL of the API in the operator's kubeconfig; unset: the first control plane's. Set or changed later, the API's certificate is issued for its host first.",
        ),
      unhardened: exception('"the policies of this cluster forbid encryption at rest"').describe(
        "Leaves the cluster with kubeadm's defaults: no audit log, no encrypted Secrets, no pod security.",
      ),
      protectKeys: field
        .flag("true")
        .default(false)
        .describe(
          "Whether updates that would delete or replace a sealing key or a host key are refused; a destroy is, too.",
        ),
    })
    .describe("The cluster and its inner networks."),
  network,
  versions: field
    .section({
      kubernetes: field.version("1.27.4"),
      argocd: field.version("2.7.15"),
      sealedSecrets: field.version("0.36.6"),
      flannel: field.version("0.26.7"),
      kubeRouter: field.version("2.1.0"),
    })
    .describe("Versions of what is installed; config/compatibility.ts has the supported ones."),
  ssh: field
    .section({
      user: field
        .loginName()
        .default("root")
        .describe("Login name on guests, and on servers that don't name their own."),
      privateKeyFile: field
        .file(".local/keys/operator")
        .optional()
        .describe("File of the private key. Either this or privateKey."),
      privateKey: field
        .secret("an OpenSSH private key")
        .optional()
        .describe("The private key itself. Either this or privateKeyFile."),
    })
    .describe("Login to every machine."),
  hub: field
    .section({
      address: field.address("10.78.0.10").describe("IPv4 address on the node network."),
      memoryMiB: memoryMiB.default(1024).describe("Limit of its memory in MiB."),
      diskGiB: diskGiB.default(5).describe("Size of its disk in GiB."),
    })
    .describe("Local platform only: the machine that serves files, images and Git."),
  localMachines: field
    .section({
      bridge: field
        .text({ need: "an interface name of at most 15 characters", example: "gitops0" }, /^[a-z][a-z0-9-]{0,14}$/)
        .describe("Name of the bridge on this computer."),
      hostAddress: field
        .address("10.78.0.1")
        .optional()
        .describe("This computer's own address on the bridge; unset: the first address of the network."),
    })
    .describe("Local platform only: the bridge that connects the machines."),
  gitops,
};

/** The configuration of a stack as it is written in `Pulumi.<stack>.yaml` under `gitops-platform:<key>`. */
export const stackSchema = field.section({
  ...sections,
  artifacts: z
    .discriminatedUnion("source", [upstream, mirror], {
      error: field.alternatives("source", ["upstream", "mirror"]),
    })
    .describe("Where downloads come from."),
  nodes: field
    .list({ need: "a list of nodes", example: "- { name: cp-1, … }" }, node)
    .describe("The machines of the cluster."),
  hypervisors: field
    .list({ need: "a list of hypervisors", example: "- { name: hv-1, … }" }, hypervisor)
    .default([])
    .describe("The servers that nodes of the kind libvirt run on."),
  guestImage: guestImage.optional().describe("The image that nodes of the kind libvirt start from."),
  hub: sections.hub.optional(),
  localMachines: sections.localMachines.optional(),
  diskGate: diskGate.prefault({}),
  upgrade: upgrade.prefault({}),
  drain: drain.prefault({}),
  snapshots: snapshots.optional(),
  acceptedNotices: field
    .list(
      { need: "a list of accepted notices", example: "- { ids: [CVE-2024-31989], reason: …, until: … }" },
      acceptedNotice,
    )
    .default([])
    .describe("Notices about versions that a preview need not repeat."),
  sealingKeys: field
    .list({ need: "a list of key pairs", example: "- { certificate: …, privateKey: … }" }, sealingKey)
    .default([])
    .describe("Key pairs of Sealed Secrets. Append to rotate; keep each that Git still needs."),
});

/** What the schema makes of a stack's configuration: defaults filled in, files not yet read. */
export type StackFile = z.output<typeof stackSchema>;

/** The keys of a stack file, without the project's name. */
export const SECTIONS: readonly string[] = Object.keys(stackSchema.shape);

/** The sections that a stack may leave out. */
export const OPTIONAL_SECTIONS: readonly string[] = Object.entries(stackSchema.shape)
  .filter(([, schema]) => schema.safeParse(undefined).success)
  .map(([key]) => key);
