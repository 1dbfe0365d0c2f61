import { z } from "zod";
import * as field from "./fields";
import { diskGiB, guestImage, guestShape, hostKey, hypervisor, memoryMiB, port } from "./hypervisor-schema";

const nodeBase = {
  /** Host name and Kubernetes node name. */
  name: field.dnsLabel("cp-1"),
  role: field.choice(["control-plane", "worker"]),
  /** IPv4 address on the node network. */
  address: field.address("10.78.0.11"),
  /** The computer it runs on, where it shares that with other nodes: the disk gate then measures them together, too. */
  hypervisor: field.dnsLabel("host-1").optional(),
};

export const localNode = field.section({
  kind: z.literal("local"),
  ...nodeBase,
  memoryMiB: memoryMiB.optional(),
  diskGiB: diskGiB.optional(),
});

export const adoptedNode = field.section({
  kind: z.literal("adopted"),
  ...nodeBase,
  user: field.loginName().optional(),
  port: port.default(22),
  hostKey,
});

export const libvirtNode = field.section({ kind: z.literal("libvirt"), ...nodeBase, ...guestShape });

const node = z.discriminatedUnion("kind", [localNode, adoptedNode, libvirtNode], {
  error: field.alternatives("kind", ["local", "adopted", "libvirt"]),
});

export const mirror = field.section({
  source: z.literal("mirror"),
  files: field.url(["http", "https"], "http://10.78.0.10"),
  registry: field.url(["http", "https"], "http://10.78.0.10:5000"),
  list: field.file(".local/mirror/artifacts.json"),
});

export const upstream = field.section({
  source: z.literal("upstream"),
  list: field.file("airgap/upstream.json").default("airgap/upstream.json"),
});

const MIN_REASON = 10;
const percent = field.number(
  { need: "a number of percent from 0 to 100", example: "5" },
  { min: 0, max: 100, whole: false },
);
const milliseconds = field.number(
  { need: "a number of milliseconds above 0, 10000 at most", example: "50" },
  { min: 0.001, max: 10_000, whole: false },
);

const diskGate = field.section({
  /** Highest allowed fdatasync p99, in milliseconds. */
  limitMs: field
    .number(
      { need: "a number of milliseconds above 0, 10000 at most", example: "10" },
      { min: 0.001, max: 10_000, whole: false },
    )
    .default(10),
  /** Length of a second, sustained pass; 0 leaves it out. */
  sustainedSeconds: field
    .number({ need: "a whole number of seconds from 0 to 3600", example: "60" }, { min: 0, max: 3600, whole: true })
    .default(0),
  /** CPU time taken by the hypervisor meanwhile, in percent: a warning, and a refusal, above it. */
  stealWarnPercent: percent.default(2),
  stealLimitPercent: percent.default(5),
  /** p99 of the round trips to each other control plane, in milliseconds: a warning, and a refusal, above it. */
  roundTripWarnMs: milliseconds.default(10),
  roundTripLimitMs: milliseconds.default(50),
  /** Measured where etcd's data will live. */
  directory: field
    .text({ need: "an absolute path", example: "/var/lib/etcd" }, (value) => /^(\/[\w.-]+)+$/.test(value))
    .default("/var/lib/etcd"),
  override: field
    .section({
      reason: field.text(
        { need: `a reason of at least ${MIN_REASON} characters`, example: '"trial on a laptop, no real data"' },
        (value) => value.trim().length >= MIN_REASON,
      ),
    })
    .optional(),
});

const REPOSITORY =
  /^(https?:\/\/[^\s/:@]+(:\d+)?\/\S+|ssh:\/\/([\w.-]+@)?[\w.-]+(:\d+)?\/\S+|[\w.-]+@[\w.-]+:[^\s/]\S*)$/;

const gitops = field.section({
  repoURL: field.text(
    {
      need: "ssh://user@host/path, user@host:path or https://host/path, without a password",
      example: "ssh://git@git.example.org/infra.git",
    },
    (value) => REPOSITORY.test(value),
  ),
  targetRevision: field
    .text({ need: "a branch, tag or commit", example: "HEAD" }, (value) => /^[\w][\w./-]*$/.test(value))
    .default("HEAD"),
  path: field
    .text(
      { need: "a folder inside the repository", example: "applications" },
      (value) => /^[\w.-]+(\/[\w.-]+)*$/.test(value) && !value.split("/").includes(".."),
    )
    .default("applications"),
  deployKeyFile: field.file(".local/keys/deploy").optional(),
  deployKey: field.secret("an OpenSSH private key").optional(),
  hostKeys: field.list({ need: "a list of public host keys", example: '["ssh-ed25519 AAAA…"]' }, hostKey).default([]),
  /** Whether Argo CD also takes ApplicationSets. */
  applicationSets: field.flag("false").default(true),
  /** How often Git is asked without a push, in seconds; also how long a comparison that failed waits for its next try. */
  reconciliationSeconds: field
    .number({ need: "a whole number of seconds from 10 to 3600", example: "60" }, { min: 10, max: 3600, whole: true })
    .default(60),
  /** NodePort of the Argo CD server; unset: not reachable from outside the cluster. */
  nodePort: field
    .number({ need: "a port from 30000 to 32767", example: "30443" }, { min: 30_000, max: 32_767, whole: true })
    .optional(),
});

const sealingKey = field.section({
  certificate: field.text(
    { need: "a PEM certificate", example: "the output of openssl req -x509" },
    (value) => value !== "",
  ),
  privateKey: field.secret("a PEM private key"),
});

/** A date without quotes is a moment in YAML, and Pulumi writes it out as Go does. */
const DATE = /^\d{4}-\d{2}-\d{2}( 00:00:00 \+0000 UTC)?$/;

export const acceptedNotice = field.section({
  /** What the notices begin with. */
  ids: field.list(
    { need: "a list of what notices begin with", example: "[CVE-2024-31989]" },
    field.text({ need: "what a notice begins with", example: "CVE-2024-31989" }, (value) => value !== ""),
  ),
  reason: field.text(
    { need: `a reason of at least ${MIN_REASON} characters`, example: '"no project tokens are given out"' },
    (value) => value.trim().length >= MIN_REASON,
  ),
  /** Last day on which the reason holds. */
  until: field
    .text(
      { need: "a date", example: "2027-06-30" },
      (value) => DATE.test(value) && !Number.isNaN(Date.parse(dateOf(value))),
    )
    .transform(dateOf),
});

function dateOf(value: string): string {
  return value.slice(0, 10);
}

/** The sections that are one object each, by their key. */
export const sections = {
  cluster: field.section({
    /** Names the cluster; part of what marks a machine as its own. */
    name: field.dnsLabel("staging"),
    podSubnet: field.network("10.244.0.0/16").default("10.244.0.0/16"),
    serviceSubnet: field.network("10.96.0.0/12").default("10.96.0.0/12"),
    /** `kernel` for servers that are containers, where kube-proxy can't set connection tracking limits. */
    conntrack: field.choice(["kube-proxy", "kernel"]).default("kube-proxy"),
    /** Where the operator's kubeconfig points. @default the first control plane */
    endpoint: field.url(["https"], "https://api.example.org:6443").optional(),
    /** Whether an update that would delete or replace a sealing key or a machine's key is refused; a destroy is, too. */
    protectKeys: field.flag("true").default(false),
  }),
  network: field.section({
    /** The network that the nodes share. */
    cidr: field.network("10.78.0.0/24"),
    /** The way out for guests; what else is ordered or made has its own settings. @default none */
    gateway: field.address("10.78.0.1").optional(),
    /** Name servers of guests. */
    resolvers: field
      .list({ need: "a list of IPv4 addresses", example: "[10.78.0.1]" }, field.address("10.78.0.1"))
      .default([]),
  }),
  versions: field.section({
    kubernetes: field.version("1.27.4"),
    argocd: field.version("2.7.15"),
    sealedSecrets: field.version("0.36.6"),
    flannel: field.version("0.26.7"),
    kubeRouter: field.version("2.1.0"),
  }),
  ssh: field.section({
    user: field.loginName().default("root"),
    privateKeyFile: field.file(".local/keys/operator").optional(),
    privateKey: field.secret("an OpenSSH private key").optional(),
  }),
  hub: field.section({
    address: field.address("10.78.0.10"),
    memoryMiB: memoryMiB.optional(),
    diskGiB: diskGiB.optional(),
  }),
  localMachines: field.section({
    /** Name of the bridge on this computer. */
    bridge: field.text({ need: "an interface name of at most 15 characters", example: "gitops0" }, (value) =>
      /^[a-z][a-z0-9-]{0,14}$/.test(value),
    ),
    /** The computer's own address on the bridge. @default the first address of the network */
    hostAddress: field.address("10.78.0.1").optional(),
  }),
  gitops,
  guestImage,
};

/** The configuration of a stack as it is written in `Pulumi.<stack>.yaml` under `gitops-platform:<key>`. */
export const stackSchema = field.section({
  ...sections,
  artifacts: z.discriminatedUnion("source", [upstream, mirror], {
    error: field.alternatives("source", ["upstream", "mirror"]),
  }),
  nodes: field.list({ need: "a list of nodes", example: "- { name: cp-1, … }" }, node),
  hypervisors: field.list({ need: "a list of hypervisors", example: "- { name: hv-1, … }" }, hypervisor).default([]),
  guestImage: guestImage.optional(),
  hub: sections.hub.optional(),
  localMachines: sections.localMachines.optional(),
  diskGate: diskGate.prefault({}),
  /** Notices about versions that a preview need not repeat. */
  acceptedNotices: field
    .list(
      { need: "a list of accepted notices", example: "- { ids: [CVE-2024-31989], reason: …, until: … }" },
      acceptedNotice,
    )
    .default([]),
  sealingKeys: field
    .list({ need: "a list of key pairs", example: "- { certificate: …, privateKey: … }" }, sealingKey)
    .default([]),
});

/** What the schema makes of a stack's configuration: defaults filled in, files not yet read. */
export type StackFile = z.output<typeof stackSchema>;

/** The keys of a stack file, without the project's name. */
export const SECTIONS: readonly string[] = Object.keys(stackSchema.shape);

/** The sections that a stack may leave out. */
export const OPTIONAL_SECTIONS: readonly string[] = Object.entries(stackSchema.shape)
  .filter(([, schema]) => schema.safeParse(undefined).success)
  .map(([key]) => key);
