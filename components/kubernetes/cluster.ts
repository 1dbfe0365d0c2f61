import * as pulumi from "@pulumi/pulumi";
import type { Artifact, ArtifactSource } from "../artifacts/artifact";
import type { Machine } from "../machines/machine";
import { RemoteStep } from "../remote/remote-step";
import { renderApiProxyConfig } from "./api-proxy";
import { JoinCredentials } from "./join-credentials";
import { renderInitConfig, renderJoinConfig, renderUploadCertsConfig, type ClusterSettings } from "./kubeadm-config";
import { nodeDownloads } from "./node-artifacts";
import { podCidrsByAddress } from "./pod-cidr";

export interface KubernetesClusterArgs {
  /** At least one. The first one founds the cluster; it must be a living member when others are added. */
  readonly controlPlanes: readonly Machine[];
  readonly workers: readonly Machine[];
  /** Kubernetes version without a leading v: `1.27.4`. */
  readonly version: string;
  readonly artifacts: ArtifactSource;
  /** Everything a node may download, pinned. */
  readonly artifactList: readonly Artifact[];
  /** Names of images that workloads will need; workers pull them in the background. @default none */
  readonly prefetch?: readonly string[];
  /** @default 10.244.0.0/16 */
  readonly podSubnet?: string;
  /** @default 10.96.0.0/12 */
  readonly serviceSubnet?: string;
  /** Where operators reach the API. @default https://<first control plane>:6443 */
  readonly endpoint?: string;
  /** Directory of etcd's data, the one that the disk gate measured. @default /var/lib/etcd */
  readonly etcdDirectory?: string;
  /** `kernel` on machine containers, where kube-proxy can't set connection tracking limits. @default kube-proxy */
  readonly conntrack?: ClusterSettings["conntrack"];
  /**
   * Who gives each node its part of the pod network. `address` derives it from the node's address, which must be
   * distinct modulo the parts, and saves some 10 s while a cluster starts; nodes that join by hand then get none.
   * @default controller
   */
  readonly podCidrs?: ClusterSettings["podCidrs"];
  /** The ownership marker: `<project>/<stack>/<cluster id>`. A machine with another one is refused. */
  readonly stackId: pulumi.Input<string>;
  /** The gates: nothing of Kubernetes touches any machine before all of them have passed. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * A Kubernetes cluster by kubeadm on given machines; one and several control planes are the same design, because every
 * node reaches the API through its own load balancer.
 *
 * Steps: every node is prepared in parallel; the first control plane founds the cluster; it admits the others, which
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
  /** The API answers. */
  readonly ready: readonly pulumi.Resource[];
  /** Every node is a member. */
  readonly complete: readonly pulumi.Resource[];
  /** Changes when the cluster is another one: the `clusterIdentifier` of a Kubernetes provider. */
  readonly identity: pulumi.Output<string>;
  /** What takes the whole cluster away when it is deleted; unset for adopted servers. */
  readonly disposedWith?: pulumi.Resource;

  /** The control plane that founded the cluster. */
  readonly first: Machine;
  private readonly settings: ClusterSettings;
  private readonly credentials: JoinCredentials;
  private readonly podCidrs: ReadonlyMap<string, string>;

  constructor(
    private readonly clusterName: string,
    private readonly args: KubernetesClusterArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("gitops-platform:kubernetes:KubernetesCluster", clusterName, {}, opts);
    const [first, ...others] = args.controlPlanes;
    if (!first) throw new Error(`cluster ${clusterName}: has no control plane; give one node the role control-plane`);
    this.first = first;
    this.endpoint = args.endpoint ?? `https://${first.address}:6443`;
    this.settings = this.clusterSettings();
    this.credentials = new JoinCredentials(clusterName, { parent: this });
    const joining = [...others, ...args.workers];
    this.podCidrs =
      this.settings.podCidrs === "address"
        ? podCidrsByAddress(
            this.settings.podSubnet,
            [first, ...joining].map(({ address }) => address),
          )
        : new Map();

    const prepared = new Map([first, ...joining].map((node) => [node.name, this.prepare(node)]));
    const after = (node: Machine): pulumi.Resource[] => [prepared.get(node.name)].flatMap((step) => step ?? []);
    const init = this.init(after(first), others);
    this.caCertificate = pulumi
      .unsecret(init.stdout)
      .apply((stdout) => (JSON.parse(stdout) as { caCertificate: string }).caCertificate);
    const admission = joining.length > 0 ? [this.admit(joining, init)] : [];
    const joined = this.joinAll(others, args.workers, after, admission);
    const members = joining.map((node) => this.register(node, joined.get(node.name) ?? init));
    const kubeconfig = this.printKubeconfig(init);

    this.kubeconfig = pulumi.secret(kubeconfig.stdout);
    this.ready = [init];
    this.complete = [init, ...members];
    this.identity = pulumi.output(first.identity);
    if (first.disposedWith) this.disposedWith = first.disposedWith;
    this.registerOutputs({ endpoint: this.endpoint, caCertificate: this.caCertificate });
  }

  private clusterSettings(): ClusterSettings {
    const { args } = this;
    return {
      name: this.clusterName,
      version: args.version,
      podSubnet: args.podSubnet ?? "10.244.0.0/16",
      serviceSubnet: args.serviceSubnet ?? "10.96.0.0/12",
      etcdDirectory: args.etcdDirectory ?? "/var/lib/etcd",
      conntrack: args.conntrack ?? "kube-proxy",
      podCidrs: args.podCidrs ?? "controller",
      certSANs: [
        ...new Set([
          new URL(this.endpoint).hostname,
          "127.0.0.1",
          "localhost",
          ...args.controlPlanes.flatMap(({ name, address }) => [name, address]),
        ]),
      ],
    };
  }

  private prepare(node: Machine): RemoteStep {
    const { args } = this;
    const downloads = nodeDownloads({
      role: node.role,
      version: args.version,
      source: args.artifacts,
      artifacts: args.artifactList,
      prefetch: args.prefetch ?? [],
    });
    return new RemoteStep(
      `${this.clusterName}-${node.name}-prepare`,
      {
        on: node,
        script: "kubernetes/prepare-node.sh",
        env: { ...this.nodeEnv(node), ...downloads, API_PROXY_CONFIG: renderApiProxyConfig(args.controlPlanes) },
        undo: "script",
        timeoutSeconds: 600,
      },
      { parent: this, dependsOn: [...args.after] },
    );
  }

  /** The first control plane's step is named like the others' so that the order in `nodes` can change. */
  private init(after: pulumi.Resource[], others: readonly Machine[]): RemoteStep {
    const schedulable = this.args.workers.length === 0;
    return new RemoteStep(
      this.joinName(this.first),
      {
        on: this.first,
        script: "kubernetes/init-control-plane.sh",
        env: {
          ...this.nodeEnv(this.first),
          IDENTITY: this.first.identity,
          POD_CIDR: this.podCidrs.get(this.first.address) ?? "",
          INIT_CONFIG: this.credentials.bootstrapToken.apply((token) =>
            renderInitConfig(this.settings, { ...this.first, schedulable }, token),
          ),
          OTHER_CONTROL_PLANES: others.map(({ address }) => address).join(" "),
        },
        undo: "script",
        timeoutSeconds: 600,
      },
      { parent: this, dependsOn: after },
    );
  }

  private admit(joining: readonly Machine[], init: RemoteStep): RemoteStep {
    const nodes = joining.map(
      ({ name, role, address, identity }) => pulumi.interpolate`${name} ${role} ${address} ${identity}`,
    );
    const moreControlPlanes = joining.some(({ role }) => role === "control-plane");
    return new RemoteStep(
      `${this.clusterName}-admission`,
      {
        on: this.first,
        script: "kubernetes/admit-nodes.sh",
        env: {
          ...this.nodeEnv(this.first),
          NODES: pulumi.all(nodes).apply((lines) => lines.join("\n")),
          BOOTSTRAP_TOKEN: this.credentials.bootstrapToken,
          UPLOAD_CERTS_CONFIG: moreControlPlanes
            ? this.credentials.certificateKey.apply((key) => renderUploadCertsConfig(this.settings, this.first, key))
            : "",
        },
        undo: "none",
      },
      { parent: this, dependsOn: [init] },
    );
  }

  /** etcd takes one new member at a time, so control planes join in a chain; workers don't wait for each other. */
  private joinAll(
    controlPlanes: readonly Machine[],
    workers: readonly Machine[],
    after: (node: Machine) => pulumi.Resource[],
    admission: readonly RemoteStep[],
  ): Map<string, RemoteStep> {
    const joined = new Map<string, RemoteStep>();
    let previous: readonly RemoteStep[] = admission;
    for (const node of controlPlanes) {
      const step = this.join(node, [...after(node), ...previous], admission);
      joined.set(node.name, step);
      previous = [step];
    }
    for (const node of workers) joined.set(node.name, this.join(node, [...after(node), ...admission], admission));
    return joined;
  }

  private join(node: Machine, dependsOn: pulumi.Resource[], admission: readonly RemoteStep[]): RemoteStep {
    const { bootstrapToken, certificateKey } = this.credentials;
    const config = pulumi.all([this.caCertificate, bootstrapToken, certificateKey]).apply(([ca, token, key]) =>
      renderJoinConfig(node, ca, {
        bootstrapToken: token,
        ...(node.role === "control-plane" ? { certificateKey: key } : {}),
      }),
    );
    return new RemoteStep(
      this.joinName(node),
      {
        on: node,
        script: "kubernetes/join-node.sh",
        env: {
          ...this.nodeEnv(node),
          NODE_ROLE: node.role,
          IDENTITY: node.identity,
          POD_CIDR: this.podCidrs.get(node.address) ?? "",
          CA_CERTIFICATE: this.caCertificate,
          JOIN_CONFIG: config,
          RENEW_COMMAND: pulumi.interpolate`npx pulumi up --replace ${admission[0]?.urn ?? ""}`,
        },
        undo: "script",
        timeoutSeconds: 600,
      },
      { parent: this, dependsOn },
    );
  }

  private register(node: Machine, joined: RemoteStep): RemoteStep {
    return new RemoteStep(
      `${this.clusterName}-${node.name}-membership`,
      {
        on: this.first,
        script: "kubernetes/register-member.sh",
        env: {
          ...this.nodeEnv(this.first),
          MEMBER_NAME: node.name,
          MEMBER_ROLE: node.role,
          MEMBER_ADDRESS: node.address,
        },
        rerunOn: [node.identity],
        undo: "script",
      },
      { parent: this, dependsOn: [joined] },
    );
  }

  /** A step of its own with inputs that hardly ever change: a provider whose kubeconfig is unknown looks replaced. */
  private printKubeconfig(init: RemoteStep): RemoteStep {
    return new RemoteStep(
      `${this.clusterName}-kubeconfig`,
      {
        on: this.first,
        script: "kubernetes/print-kubeconfig.sh",
        env: { NODE_NAME: this.first.name, ENDPOINT: this.endpoint },
        undo: "none",
      },
      { parent: this, dependsOn: [init] },
    );
  }

  private nodeEnv(node: Machine): Record<string, pulumi.Input<string>> {
    return {
      NODE_NAME: node.name,
      NODE_ADDRESS: node.address,
      STACK_ID: this.args.stackId,
      ETCD_DIRECTORY: this.settings.etcdDirectory,
    };
  }

  private joinName(node: Machine): string {
    return `${this.clusterName}-${node.name}-join`;
  }
}
