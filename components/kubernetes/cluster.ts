import * as pulumi from "@pulumi/pulumi";
import type { Firewall } from "../addresses/sources";
import type { Artifact, ArtifactSource } from "../artifacts/artifact";
import type { Machine, Role } from "../machines/machine";
import type { RemoteStep } from "../remote/remote-step";
import { TOKENS } from "../tokens";
import { ClusterSteps, type DrainSettings } from "./cluster-steps";
import { type FoundedCluster, foundedCluster } from "./founded";
import { JoinCredentials } from "./join-credentials";
import type { ClusterSettings } from "./kubeadm-config";
import { type NodeDownloads, nodeDownloads } from "./node-artifacts";
import { podCidrsByAddress } from "./pod-cidr";
import { stepsOf } from "./steps";

export interface KubernetesClusterArgs {
  /** At least one. The first one founds the cluster; it must be a living member when others are added. */
  readonly controlPlanes: readonly Machine[];
  readonly workers: readonly Machine[];
  /** Kubernetes version without a leading v: `1.27.4`. */
  readonly version: string;
  readonly artifacts: ArtifactSource;
  /** Everything a node may download, pinned. */
  readonly artifactList: readonly Artifact[];
  /** Names of images that workloads will need; workers pull them in the background. */
  readonly prefetch: readonly string[];
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  /** Where operators reach the API. @default https://<first control plane>:6443 */
  readonly endpoint?: string;
  /** Directory of etcd's data, the one that the disk gate measured. */
  readonly etcdDirectory: string;
  /** `kernel` on machine containers, where kube-proxy can't set connection tracking limits. */
  readonly conntrack: ClusterSettings["conntrack"];
  /**
   * Who gives each node its part of the pod network. `address` derives it from the node's address, which must be
   * distinct modulo the parts, and saves some 10 s while a cluster starts; nodes that join by hand then get none.
   */
  readonly podCidrs: ClusterSettings["podCidrs"];
  /** Who reaches the API and NodePorts; everything else is for the nodes alone. */
  readonly firewall: Firewall;
  /** The ownership marker: `<project>/<stack>/<cluster id>`. A machine with another one is refused. */
  readonly stackId: pulumi.Input<string>;
  /** How nodes are emptied before something of them restarts. */
  readonly drain: DrainSettings;
  /** What is different for a node, by its name. */
  readonly nodeDrains: ReadonlyMap<string, Partial<DrainSettings>>;
  /** How many workers have their turn at the same time. Control planes have theirs one by one. */
  readonly maxUnavailable: number;
  /** The gates: nothing of Kubernetes touches any machine before all of them have passed. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * A Kubernetes cluster by kubeadm on given machines; one and several control planes are the same design, because every
 * node reaches the API through its own load balancer.
 *
 * Steps: every node is prepared in parallel, and its ports are closed to strangers before anything listens there; the first control plane founds the cluster; it admits the others, which
 * join: control planes one after the other, workers all at once. Destroying a node's steps drains it, takes it out of
 * the cluster and resets it; destroying all of it leaves the machines without Kubernetes.
 *
 * @example
 * new KubernetesCluster("local", { controlPlanes, workers, version: "1.27.4", artifacts, artifactList, stackId, after });
 */
export class KubernetesCluster extends pulumi.ComponentResource {
  /** The administrator's kubeconfig (secret). */
  readonly kubeconfig: pulumi.Output<string>;
  readonly endpoint: string;
  /** PEM, not secret. */
  readonly caCertificate: pulumi.Output<string>;
  /** What the next run compares its configuration with. */
  readonly founded: pulumi.Output<FoundedCluster>;
  /** The API answers. */
  readonly ready: readonly pulumi.Resource[];
  /** Every node is a member. */
  readonly complete: readonly pulumi.Resource[];
  /** Changes when the cluster is another one: the `clusterIdentifier` of a Kubernetes provider. */
  readonly identity: pulumi.Output<string>;
  /**
   * What takes the whole cluster away when it is deleted: the first control plane's machine, or on a server that stays the
   * step whose undo resets it. Objects that go with it are not deleted one by one: Argo CD's would wait for ever for a
   * controller that goes before them.
   */
  readonly disposedWith: pulumi.Resource;

  /** The control plane that founded the cluster. */
  readonly first: Machine;

  constructor(name: string, args: KubernetesClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const [first, ...others] = args.controlPlanes;
    if (!first) throw new Error(`cluster ${name}: has no control plane; give one node the role control-plane`);
    const joining = [...others, ...args.workers];
    const downloads = downloadsByRole(args);
    const facts = {
      version: args.version,
      maxUnavailable: args.maxUnavailable,
      drainTimeoutSeconds: args.drain.timeoutSeconds,
      founder: first.name,
      nodes: [first, ...joining].map(({ address, hypervisor, name, role }) => ({ name, role, address, hypervisor })),
      downloads,
      firewall: args.firewall,
      steps: stepsOf(
        name,
        first.name,
        joining.map((node) => node.name),
        !("off" in args.firewall),
      ),
    };
    super(TOKENS.kubernetesCluster, name, facts, opts);
    this.first = first;
    this.endpoint = args.endpoint ?? `https://${first.address}:6443`;
    const settings = clusterSettings(name, args, this.endpoint);
    const credentials = new JoinCredentials(name, { parent: this });
    const podCidrs = podCidrsOf(settings, [first, ...joining]);
    const steps = new ClusterSteps(
      { ...args, first, endpoint: this.endpoint, settings, credentials, podCidrs, downloads },
      this,
    );

    const prepared = new Map([first, ...joining].map((node) => [node.name, steps.prepare(node)]));
    const firewalls = firewallsOf(steps, [first, ...joining], prepared, args.firewall);
    const after = (node: Machine): pulumi.Resource[] =>
      [prepared.get(node.name), firewalls.get(node.name)].flatMap((step) => step ?? []);
    const init = steps.init(after(first));
    this.caCertificate = pulumi
      .unsecret(init.stdout)
      .apply((stdout) => (JSON.parse(stdout) as { caCertificate: string }).caCertificate);
    const admissions = new Map(joining.map((node) => [node.name, steps.admit(node, init)]));
    const joined = this.joinAll(steps, others, args.workers, after, admissions);
    const members = joining.map((node) => steps.register(node, joined.get(node.name) ?? init));
    const activations = this.activateInTurn(steps, args, prepared, [init, ...members]);
    const [founding, turn] = [pulumi.unsecret(init.stdout), pulumi.unsecret(activations.last.stdout)];
    this.founded = foundedCluster(founding, turn, args.controlPlanes, args.workers);
    const kubeconfig = steps.printKubeconfig(init);

    this.kubeconfig = pulumi.secret(kubeconfig.stdout);
    this.ready = [init];
    this.complete = [init, ...members, ...activations.all];
    this.identity = pulumi.output(first.identity);
    this.disposedWith = first.disposedWith ?? init;
    // Policies read the control planes here.
    this.registerOutputs({
      endpoint: this.endpoint,
      caCertificate: this.caCertificate,
      controlPlanes: args.controlPlanes.map(({ name, address, hypervisor }) => ({ name, address, hypervisor })),
    });
  }

  /** etcd takes one new member at a time, so control planes join in a chain; workers don't wait for each other. */
  private joinAll(
    steps: ClusterSteps,
    controlPlanes: readonly Machine[],
    workers: readonly Machine[],
    after: (node: Machine) => pulumi.Resource[],
    admissions: ReadonlyMap<string, RemoteStep>,
  ): Map<string, RemoteStep> {
    const join = (node: Machine, previous: readonly RemoteStep[]): RemoteStep => {
      const admission = [admissions.get(node.name)].flatMap((step) => step ?? []);
      return steps.join(node, this.caCertificate, admission, [...after(node), ...admission, ...previous]);
    };
    const joined = new Map<string, RemoteStep>();
    let previous: readonly RemoteStep[] = [];
    for (const node of controlPlanes) {
      const step = join(node, previous);
      joined.set(node.name, step);
      previous = [step];
    }
    for (const node of workers) joined.set(node.name, join(node, []));
    return joined;
  }

  /**
   * Every node has staged before the first one has its turn. Control planes have theirs one after the other, then workers in
   * as many lanes as may be away at once.
   */
  private activateInTurn(
    steps: ClusterSteps,
    { controlPlanes, workers, maxUnavailable }: KubernetesClusterArgs,
    prepared: ReadonlyMap<string, RemoteStep>,
    members: readonly pulumi.Resource[],
  ): Activations {
    const staged = [...prepared.values(), ...members];
    const all: RemoteStep[] = [];
    const activate = (node: Machine, previous: readonly RemoteStep[]): void => {
      const step = prepared.get(node.name);
      if (step) all.push(steps.activate(node, step, [...staged, ...previous]));
    };
    for (const node of controlPlanes) activate(node, all.slice(-1));
    const [last] = all.slice(-1);
    if (!last) throw new Error("no control plane has a turn");
    workers.forEach((node, index) => {
      const before = all[controlPlanes.length + index - maxUnavailable];
      activate(node, [index < maxUnavailable || !before ? last : before]);
    });
    return { all, last };
  }
}

/** `last` is the last control plane's. */
interface Activations {
  readonly all: readonly RemoteStep[];
  readonly last: RemoteStep;
}

/** They don't wait for each other when the list of nodes changes: a dead machine must not keep others out. */
function firewallsOf(
  steps: ClusterSteps,
  nodes: readonly Machine[],
  prepared: ReadonlyMap<string, RemoteStep>,
  firewall: Firewall,
): ReadonlyMap<string, RemoteStep> {
  if ("off" in firewall) return new Map();
  return new Map(
    nodes.flatMap((node) => {
      const ready = prepared.get(node.name);
      return ready ? [[node.name, steps.firewall(node, firewall, ready)] as const] : [];
    }),
  );
}

function downloadsByRole(args: KubernetesClusterArgs): Record<Role, NodeDownloads> {
  const { artifactList: artifacts, artifacts: source, prefetch, version } = args;
  const of = (role: Role): NodeDownloads => nodeDownloads({ role, version, source, artifacts, prefetch });
  return { "control-plane": of("control-plane"), worker: of("worker") };
}

/** What kubeadm is configured with, and the names that the API's certificate is for. */
function clusterSettings(name: string, args: KubernetesClusterArgs, endpoint: string): ClusterSettings {
  return {
    name,
    version: args.version,
    podSubnet: args.podSubnet,
    serviceSubnet: args.serviceSubnet,
    etcdDirectory: args.etcdDirectory,
    conntrack: args.conntrack,
    podCidrs: args.podCidrs,
    certSANs: [
      ...new Set([
        new URL(endpoint).hostname,
        "127.0.0.1",
        "localhost",
        ...args.controlPlanes.flatMap((node) => [node.name, node.address]),
      ]),
    ],
  };
}

/** Each node's part of the pod network by its address; empty where the controller chooses. */
function podCidrsOf({ podCidrs, podSubnet }: ClusterSettings, nodes: readonly Machine[]): ReadonlyMap<string, string> {
  if (podCidrs === "controller") return new Map();
  return podCidrsByAddress(
    podSubnet,
    nodes.map(({ address }) => address),
  );
}
