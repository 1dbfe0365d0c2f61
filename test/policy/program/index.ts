/**
 * The least that every rule of policy/ has something to look at in. It keeps them all but the one that BREAK names.
 * The secrets in it are what the tests look for in Pulumi's output.
 */
import * as command from "@pulumi/command";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { TOKENS } from "../../../components/tokens";

const SECRET = "a-value-that-nobody-may-see";
const DIGEST = `sha256:${"0a".repeat(32)}`;
const broken = process.env["BREAK"];
const breaks = (rule: string): boolean => broken === rule;

class Component extends pulumi.ComponentResource {
  /** @param facts inputs, and outputs as well: rules about one resource see those, rules about the stack these */
  constructor(type: string, name: string, facts: pulumi.Inputs, opts: pulumi.ComponentResourceOptions = {}) {
    super(type, name, facts, opts);
    this.registerOutputs(facts);
  }
}

/** A command on a machine, its key and script secret. */
function step(name: string, args: object, opts: pulumi.CustomResourceOptions = {}): command.remote.Command {
  const host = "192.0.2.11";
  const hostKey = breaks("host-keys") ? undefined : "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGzLHf";
  return new command.remote.Command(
    name,
    {
      connection: { host, user: "root", privateKey: pulumi.secret(SECRET), ...(hostKey ? { hostKey } : {}) },
      create: "true",
      logging: breaks("silent-commands") ? "stdout" : "none",
      ...args,
    },
    { additionalSecretOutputs: ["stdout", "stderr"], ...opts },
  );
}

const node = (number: number) => ({ name: `cp-${number}`, address: "192.0.2.11", hypervisor: `kvm-${number}` });
const nodes = breaks("control-planes") ? [node(1), node(2)] : [node(1), node(2), node(3)];

const gate = new Component(TOKENS.diskGate, "disk-gate", {
  limitMs: 10,
  override: breaks("no-gate-override") ? "trial" : "",
});
if (!breaks("gate-for-every-etcd-node")) step("disk-gate-cp-1", {}, { parent: gate });
const sha256 = breaks("pinned-downloads") ? "" : "ab".repeat(32);
const files = [{ name: "kubelet", url: "https://dl.k8s.io/kubelet", sha256 }];
const cluster = new Component(TOKENS.kubernetesCluster, "cluster", {
  controlPlanes: nodes,
  nodes: nodes.map(({ name }) => ({ name, role: "control-plane" })),
  downloads: {
    "control-plane": { files, images: [{ reference: "registry.k8s.io/pause:3.9", digest: DIGEST }], prefetch: [] },
  },
});
const init = step("cluster-join", { stdin: pulumi.secret(`export TOKEN='${SECRET}'\ntrue`) }, { parent: cluster });
step(
  "cluster-undo",
  { delete: "true", ...(breaks("no-triggers-with-delete") ? { triggers: [SECRET] } : {}) },
  { parent: cluster },
);

const provider = new k8s.Provider("kubernetes", { kubeconfig: init.stdout, clusterIdentifier: "cluster" });
const deletedWith = breaks("deleted-with") ? undefined : init;
const argocd = new Component(
  TOKENS.argoCd,
  "argocd",
  { ...(deletedWith ? { deletedWith: deletedWith.urn } : {}) },
  { provider, ...(deletedWith ? { deletedWith } : {}) },
);
const tag = breaks("fixed-versions") ? ":latest" : ":7.0.14";
const image = `docker.io/library/redis${tag}${breaks("pinned-images") ? "" : `@${DIGEST}`}`;
const labels = { app: "redis" };
new k8s.apps.v1.Deployment(
  "argocd-redis",
  {
    metadata: { name: "redis" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "redis", image }] } },
    },
  },
  { parent: argocd },
);
new k8s.core.v1.Secret(
  "argocd-sealing-key",
  {
    metadata: { name: "key", labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": "active" } },
    data: pulumi.secret({ "tls.key": Buffer.from(SECRET).toString("base64") }),
  },
  { parent: argocd, protect: !breaks("protected-keys") },
);
const hostKey = new Component(TOKENS.hostKey, "cp-1-host-key", {});
new random.RandomPassword("cp-1-host-key-seed", { length: 64 }, { parent: hostKey, protect: true });

export const notices = {
  endOfLife: ["kubernetes-1.27 (2024-07-16)"],
  vulnerabilities: ["CVE-2025-55190 (2025-09-04)"],
};
