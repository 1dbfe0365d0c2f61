import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Firewall } from "../addresses/sources";
import type { Artifact, ArtifactSource } from "../artifacts/artifact";
import type { Machine, Role } from "../machines/machine";
import type { RemoteStep } from "../remote/remote-step";
import { TOKENS } from "../tokens";
import type { SeenCertificates } from "./certificates";
import { caCertificateOf, ClusterSteps, type DrainSettings } from "./cluster-steps";
import { type ControlPlaneHost, controlPlaneHost } from "./control-plane-host";
import { foundedCluster, Survivors } from "./founded";
import { JoinCredentials } from "./join-credentials";
import type { ClusterSettings } from "./kubeadm-config";
import { type NodeDownloads, nodeDownloads } from "./node-artifacts";
import { Hardening } from "./hardening-steps";
import { withControlPlanes } from "./operator-kubeconfig";
import { podCidrsOf } from "./pod-cidr";
import { type FoundedCluster, isOfFirstRelease, type LastUpdate } from "./last-update";
import { Renewal } from "./renewal";
import type { SnapshotSettings } from "./snapshots";
import { stepsOf } from "./steps";

export interface KubernetesClusterArgs {
  /** At least one, in an order that stays. The first one founds the cluster; from then on they are all alike. */
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
  /** Why nothing is hardened beyond kubeadm's defaults. @default everything is (hardening.ts) */
  readonly unhardened?: { readonly reason: string } | undefined;
  /** The ownership marker: `<project>/<stack>/<cluster id>`. A machine with another one is refused. */
  readonly stackId: pulumi.Input<string>;
  /** How nodes are emptied before something of them restarts. */
  readonly drain: DrainSettings;
  /** What is different for a node, by its name. */
  readonly nodeDrains: ReadonlyMap<string, Partial<DrainSettings>>;
  /** How many workers have their turn at the same time. Control planes have theirs one by one. */
  readonly maxUnavailable: number;
  /** @default none are taken */
  readonly snapshots?: SnapshotSettings | undefined;
  /** "name checksum" of the snapshot that a cluster is founded with, where this update founds one. @default none */
  readonly restore?: string | undefined;
  readonly lastUpdate: pulumi.Output<LastUpdate>;
  /** The gates: nothing of Kubernetes touches any machine before all of them have passed. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * A Kubernetes cluster by kubeadm on given machines; one and several control planes are the same design, because every
 * node reaches the API through its own load balancer.
 *
 * Steps: every node is prepared in parallel, and its ports are closed to strangers before anything listens there. Then each
 * finds a control plane that answers, is let in by it, and joins; the first control plane founds the cluster when none answers.
 * Control planes join one after the other, workers all at once. Destroying a node's steps drains it, takes it out of
 * the cluster and resets it; destroying all of it leaves the machines without Kubernetes.
 *
 * @example
 * new KubernetesCluster("local", { controlPlanes, workers, version: "1.27.4", artifacts, artifactList, stackId, after });
 */
export class KubernetesCluster extends pulumi.ComponentResource {
  /** The administrator's kubeconfig (secret). */
  readonly kubeconfig: pulumi.Output<string>;
  /** The same with a context for each control plane, for a person (secret). */
  readonly operatorKubeconfig: pulumi.Output<string>;
  readonly endpoint: string;
  /** PEM, not secret. */
  readonly caCertificate: pulumi.Output<string>;
  /** What the next run compares its configuration with. */
  readonly founded: pulumi.Output<FoundedCluster>;
  /** When the first certificate ends. */
  readonly certificates: pulumi.Output<SeenCertificates>;
  /** The API answers. */
  readonly ready: readonly pulumi.Resource[];
  /** Every node is a member. */
  readonly complete: readonly pulumi.Resource[];
  /** Changes when the cluster is another one: the `clusterIdentifier` of a Kubernetes provider. */
  readonly identity: pulumi.Output<string>;
  /**
   * What is in the cluster goes with it: it is replaced when the cluster is another one, and deleted with the stack. Objects are
   * not deleted one by one then: Argo CD's would wait for ever for a controller that goes before them.
   */
  readonly disposedWith: pulumi.Resource;
  /** Where operators reach the cluster. */
  readonly first: Machine;

  constructor(name: string, args: KubernetesClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const [first, ...others] = args.controlPlanes;
    if (!first) throw new Error(`cluster ${name}: has no control plane; give one node the role control-plane`);
    const controlPlanes = [first, ...others] as const;
    const nodes = [...controlPlanes, ...args.workers];
    const downloads = downloadsByRole(args);
    const endpointName = args.endpoint === undefined ? "" : hostOf(args.endpoint);
    const renewal = new Renewal(args.lastUpdate, args.endpoint);
    const facts = {
      version: args.version,
      renewed: renewal.ending,
      endpointName,
      maxUnavailable: args.maxUnavailable,
      drainTimeoutSeconds: args.drain.timeoutSeconds,
      nodes: nodes.map(({ address, hypervisor, name, role }) => ({ name, role, address, hypervisor })),
      downloads,
      hardening: args.unhardened ? { off: args.unhardened.reason } : "cis",
      firewall: args.firewall,
      ...(args.snapshots ? { snapshots: { everyHours: args.snapshots.everyHours } } : {}),
      steps: stepsOf(
        name,
        nodes.map((node) => node.name),
        !("off" in args.firewall),
        nodes.filter(({ power }) => power).map(({ name }) => name),
        args.unhardened ? [] : controlPlanes.map(({ name }) => name),
      ),
    };
    super(TOKENS.kubernetesCluster, name, facts, opts);
    this.first = first;
    this.endpoint = args.endpoint ?? `https://${first.address}:6443`;
    const settings = clusterSettings(name, args, this.endpoint);
    const credentials = new JoinCredentials(name, settings.hardened, { parent: this });
    const hardening = new Hardening(settings, credentials);
    const podCidrs = podCidrsOf(settings, nodes);
    const steps = new ClusterSteps(
      {
        ...{ ...args, renewal, first, endpoint: this.endpoint, endpointName, settings, credentials, hardening },
        ...{ podCidrs, downloads },
      },
      this,
    );

    const prepared = new Map(nodes.map((node) => [node.name, steps.prepare(node)]));
    const firewalls = firewallsOf(steps, nodes, prepared, args.firewall);
    const survivors = new Survivors(args.lastUpdate, controlPlanes, args.restore);
    const { joins, members } = this.joinAll(steps, controlPlanes, args.workers, { prepared, firewalls, survivors });
    const founding = stepIn(joins, first);
    this.caCertificate = caCertificateOf(founding);
    const activations = this.activateInTurn(steps, args, prepared, members);
    const turns = activations.all.slice(0, controlPlanes.length);
    const encryptions = hardening.encrypt(controlPlanes, turns, args.stackId, this);
    this.identity = survivors.identity(this.caCertificate);
    this.disposedWith = new random.RandomString(
      `${name}-identity`,
      { length: 8, special: false, keepers: { cluster: this.identity } },
      { parent: this },
    );
    this.founded = foundedCluster(
      pulumi.unsecret(founding.stdout),
      pulumi.unsecret(activations.last.stdout),
      controlPlanes,
      args.workers,
      pulumi.output({ founder: survivors.founder(), identity: this.identity, restored: survivors.restored() }),
    );
    // Objects in the cluster change once its API servers have restarted: a single one is away meanwhile.
    const restarts = pulumi.all([renewal.by([activations.last]), args.lastUpdate]).apply(([renewals, last]) => {
      const lives = last.founded !== undefined || isOfFirstRelease(last);
      return settings.hardened && lives && !last.founded?.hardened ? [activations.last] : renewals;
    });
    const kubeconfig = steps.printKubeconfig(founding, restarts);

    this.kubeconfig = renewal.kubeconfig(kubeconfig);
    this.operatorKubeconfig = this.kubeconfig.apply((text) => withControlPlanes(text, controlPlanes));
    this.certificates = renewal.seen(activations.all.slice(0, controlPlanes.length), kubeconfig);
    this.ready = [founding];
    this.complete = [founding, ...members, ...activations.all, ...encryptions];
    // Policies read the control planes here.
    this.registerOutputs({
      endpoint: this.endpoint,
      caCertificate: this.caCertificate,
      controlPlanes: args.controlPlanes.map(({ name, address, hypervisor }) => ({ name, address, hypervisor })),
    });
  }

  /**
   * A step that lets a node in or takes it out runs on the control plane that the node has found, once that has joined; a
   * living member of the last update has. etcd takes one new member at a time, so control planes that are new join in a chain;
   * members wait for nobody, so that one that is lost keeps no others out.
   */
  private joinAll(
    steps: ClusterSteps,
    controlPlanes: readonly [Machine, ...Machine[]],
    workers: readonly Machine[],
    { firewalls, prepared, survivors }: Groundwork,
  ): Membership {
    const joins = new Map<string, RemoteStep>();
    const doors = new Map<string, RemoteStep>();
    const hostOf = (node: Machine, waitsForItself: boolean): ControlPlaneHost => {
      const joined = (host: Machine): pulumi.Output<unknown> =>
        survivors.isMember(host).apply((member) => {
          if (member || (host.name === node.name && !waitsForItself)) return pulumi.output("");
          return stepIn(joins, host).urn;
        });
      return controlPlaneHost(stepIn(doors, node).stdout, controlPlanes, joined, this);
    };
    const admissions = new Map<string, RemoteStep>();
    for (const node of [...controlPlanes, ...workers]) {
      doors.set(node.name, steps.findControlPlane(node, stepIn(prepared, node)));
      admissions.set(node.name, steps.admit(node, hostOf(node, false)));
    }
    const founder = survivors.founder();
    const join = (node: Machine, previous: readonly RemoteStep[]): RemoteStep => {
      const firsts = [...previous, ...[firewalls.get(node.name)].flatMap((step) => step ?? [])];
      const newcomersWait = survivors.isMember(node).apply((member): pulumi.Resource[] => (member ? [] : firsts));
      const step = steps.join(
        node,
        stepIn(admissions, node),
        pulumi
          .all([founder, survivors.restored()])
          .apply(([name, restore]) => ({ founds: name === node.name, restore })),
        [stepIn(prepared, node), newcomersWait] as pulumi.Input<pulumi.Resource>[],
      );
      joins.set(node.name, step);
      return step;
    };
    controlPlanes.reduce<readonly RemoteStep[]>((previous, node) => [join(node, previous)], []);
    for (const node of workers) join(node, []);
    const members = [...controlPlanes, ...workers].map((node) =>
      steps.register(node, hostOf(node, true), stepIn(joins, node)),
    );
    return { joins, members };
  }

  /**
   * Every node has staged before the first one has its turn. Control planes have theirs one after the other, then workers in
   * as many lanes as may be away at once. Where the machine may wait for a restart, a turn is three steps: the node is
   * emptied, its machine restarts, the node takes over what was staged and takes pods again.
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
      const drained = node.power && steps.drain(node, node.power, [...staged, ...previous]);
      const restarted = drained && steps.restart(node, node.power, drained);
      all.push(
        steps.activate(node, { prepared: stepIn(prepared, node), drained }, [
          ...staged,
          ...previous,
          ...(restarted ? [restarted] : []),
        ]),
      );
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

interface Groundwork {
  readonly prepared: ReadonlyMap<string, RemoteStep>;
  readonly firewalls: ReadonlyMap<string, RemoteStep>;
  readonly survivors: Survivors;
}

interface Membership {
  readonly joins: ReadonlyMap<string, RemoteStep>;
  readonly members: readonly RemoteStep[];
}

function stepIn(steps: ReadonlyMap<string, RemoteStep>, { name }: Machine): RemoteStep {
  const step = steps.get(name);
  if (!step) throw new Error(`node ${name} has no step that a later one needs`);
  return step;
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
  return new Map(nodes.map((node) => [node.name, steps.firewall(node, firewall, stepIn(prepared, node))]));
}

function downloadsByRole(args: KubernetesClusterArgs): Record<Role, NodeDownloads> {
  const { artifactList: artifacts, artifacts: source, prefetch, version } = args;
  const of = (role: Role): NodeDownloads => nodeDownloads({ role, version, source, artifacts, prefetch });
  return { "control-plane": of("control-plane"), worker: of("worker") };
}

/** Without the brackets of an IPv6 address. */
function hostOf(endpoint: string): string {
  return new URL(endpoint).hostname.replace(/^\[(.*)\]$/, "$1");
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
    hardened: args.unhardened === undefined,
    certSANs: [
      ...new Set([
        hostOf(endpoint),
        "127.0.0.1",
        "localhost",
        ...args.controlPlanes.flatMap((node) => [node.name, node.address]),
      ]),
    ],
  };
}
