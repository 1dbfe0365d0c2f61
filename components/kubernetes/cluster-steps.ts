import * as pulumi from "@pulumi/pulumi";
import type { FirewallSources } from "../addresses/sources";
import type { Machine, Role } from "../machines/machine";
import { RemoteStep } from "../remote/remote-step";
import { renderApiProxyConfig } from "./api-proxy";
import { renderFirewallRules } from "./firewall";
import type { JoinCredentials } from "./join-credentials";
import { renderInitConfig, renderJoinConfig, renderUploadCertsConfig, type ClusterSettings } from "./kubeadm-config";
import { downloadsEnvironment, type NodeDownloads } from "./node-artifacts";
import { kubeconfigStepName, stepName } from "./steps";

/** What the steps of a cluster are made from; fields that the cluster has too mean the same. */
export interface ClusterStepsArgs {
  readonly settings: ClusterSettings;
  /** The control plane that founds the cluster; where nodes are let in and taken out. */
  readonly first: Machine;
  /** All of them, the first one too. */
  readonly controlPlanes: readonly Machine[];
  readonly workers: readonly Machine[];
  readonly downloads: Readonly<Record<Role, NodeDownloads>>;
  readonly endpoint: string;
  readonly credentials: JoinCredentials;
  /** A node's part of the pod network by its address; a node without one gets it from the cluster. */
  readonly podCidrs: ReadonlyMap<string, string>;
  readonly stackId: pulumi.Input<string>;
  readonly drain: DrainSettings;
  readonly nodeDrains: ReadonlyMap<string, Partial<DrainSettings>>;
  readonly after: readonly pulumi.Resource[];
}

/** How a node is emptied before its containerd or kubelet restarts. */
export interface DrainSettings {
  /** How long the pods of a node may take to leave it, in seconds. A budget that keeps one longer stops the update. */
  readonly timeoutSeconds: number;
  /** How long each pod may take to end, in seconds; undefined: as the pod itself says. */
  readonly gracePeriodSeconds?: number | undefined;
}

/** What a turn may take beyond the drain, in seconds: kubeadm's own waits, and the node's health. */
const TURN_SECONDS = 900;

/** The remote steps that a cluster is made of: what each is told, and how it is undone. The cluster puts them in order. */
export class ClusterSteps {
  constructor(
    private readonly args: ClusterStepsArgs,
    private readonly parent: pulumi.Resource,
  ) {}

  /** Container runtime, kubelet and API proxy. */
  prepare(node: Machine): RemoteStep {
    const { args } = this;
    const downloads = downloadsEnvironment(args.downloads[node.role]);
    return new RemoteStep(
      stepName(this.args.settings.name, node.name, "prepare"),
      {
        on: node,
        script: "kubernetes/prepare-node.sh",
        env: { ...this.nodeEnv(node), ...downloads, API_PROXY_CONFIG: renderApiProxyConfig(args.controlPlanes) },
        undo: "script",
        timeoutSeconds: 600,
      },
      { parent: this.parent, dependsOn: [...args.after] },
    );
  }

  /** Closes the node's ports to all but the stack's nodes and the given sources. */
  firewall(node: Machine, sources: FirewallSources, prepared: RemoteStep): RemoteStep {
    const { controlPlanes, endpoint, first, settings, workers } = this.args;
    const nodes = [...controlPlanes, ...workers].map(({ address }) => address);
    const { podSubnet, serviceSubnet } = settings;
    // A bastion or a load balancer hides where the operator's connections to the API come from.
    const direct = node.connection.proxy === undefined && new URL(endpoint).hostname === first.address;
    return new RemoteStep(
      stepName(settings.name, node.name, "firewall"),
      {
        on: node,
        script: "kubernetes/firewall.sh",
        env: {
          NODE_NAME: node.name,
          STACK_ID: this.args.stackId,
          NODES: nodes.join(" "),
          RULES: renderFirewallRules({ ...sources, nodes, podSubnet, serviceSubnet }),
          API_SOURCES: sources.apiSources.filter((source) => !source.includes(":")).join(" "),
          GUARD_OPERATOR: node.name === first.name && direct ? "yes" : "no",
        },
        undo: "script",
      },
      { parent: this.parent, dependsOn: [prepared] },
    );
  }

  /** Founds the cluster; prints its CA certificate as JSON. Its step is named like those of the nodes that join. */
  init(after: pulumi.Resource[]): RemoteStep {
    const { credentials, first, settings } = this.args;
    const schedulable = this.args.workers.length === 0;
    const others = this.args.controlPlanes.filter(({ name }) => name !== first.name);
    return new RemoteStep(
      stepName(this.args.settings.name, first.name, "join"),
      {
        on: first,
        script: "kubernetes/init-control-plane.sh",
        env: {
          ...this.nodeEnv(first),
          IDENTITY: first.identity,
          POD_CIDR: this.args.podCidrs.get(first.address) ?? "",
          INIT_CONFIG: credentials.bootstrapToken.apply((token) =>
            renderInitConfig(settings, { ...first, schedulable }, token),
          ),
          OTHER_CONTROL_PLANES: others.map(({ address }) => address).join(" "),
        },
        undo: "script",
        timeoutSeconds: 600,
      },
      { parent: this.parent, dependsOn: after },
    );
  }

  /** Lets a node join, for a limited time. One step a node: a machine that can't be made must not keep others out. */
  admit(node: Machine, init: RemoteStep): RemoteStep {
    const { credentials, first, settings } = this.args;
    return new RemoteStep(
      stepName(this.args.settings.name, node.name, "admission"),
      {
        on: first,
        script: "kubernetes/admit-nodes.sh",
        env: {
          ...this.nodeEnv(first),
          NODES: pulumi.interpolate`${node.name} ${node.role} ${node.address} ${node.identity}`,
          BOOTSTRAP_TOKEN: credentials.bootstrapToken,
          UPLOAD_CERTS_CONFIG:
            node.role === "control-plane"
              ? credentials.certificateKey.apply((key) => renderUploadCertsConfig(settings, first, key))
              : "",
        },
        undo: "none",
      },
      { parent: this.parent, dependsOn: [init] },
    );
  }

  /** Joins a node to the cluster that the CA certificate belongs to. */
  join(
    node: Machine,
    caCertificate: pulumi.Output<string>,
    admission: readonly RemoteStep[],
    dependsOn: pulumi.Resource[],
  ): RemoteStep {
    const { bootstrapToken, certificateKey } = this.args.credentials;
    const config = pulumi.all([caCertificate, bootstrapToken, certificateKey]).apply(([ca, token, key]) =>
      renderJoinConfig(node, ca, {
        bootstrapToken: token,
        ...(node.role === "control-plane" ? { certificateKey: key } : {}),
      }),
    );
    return new RemoteStep(
      stepName(this.args.settings.name, node.name, "join"),
      {
        on: node,
        script: "kubernetes/join-node.sh",
        env: {
          ...this.nodeEnv(node),
          NODE_ROLE: node.role,
          IDENTITY: node.identity,
          POD_CIDR: this.args.podCidrs.get(node.address) ?? "",
          CA_CERTIFICATE: caCertificate,
          JOIN_CONFIG: config,
          RENEW_COMMAND: pulumi.interpolate`npx pulumi up --replace ${admission[0]?.urn ?? ""}`,
        },
        undo: "script",
        timeoutSeconds: 600,
      },
      { parent: this.parent, dependsOn },
    );
  }

  /** Labels a member; the undo drains it and takes it out of the cluster. */
  register(node: Machine, joined: RemoteStep): RemoteStep {
    const { first } = this.args;
    return new RemoteStep(
      stepName(this.args.settings.name, node.name, "membership"),
      {
        on: first,
        script: "kubernetes/register-member.sh",
        env: {
          ...this.nodeEnv(first),
          MEMBER_NAME: node.name,
          MEMBER_ROLE: node.role,
          MEMBER_ADDRESS: node.address,
        },
        rerunOn: [node.identity],
        undo: "script",
      },
      { parent: this.parent, dependsOn: [joined] },
    );
  }

  /** The node's turn: with nothing staged, and of the cluster's version, it is not touched. Its order is the cluster's. */
  activate(node: Machine, prepared: RemoteStep, after: readonly pulumi.Resource[]): RemoteStep {
    const { settings } = this.args;
    const drain = { ...this.args.drain, ...this.args.nodeDrains.get(node.name) };
    return new RemoteStep(
      stepName(settings.name, node.name, "activation"),
      {
        on: node,
        script: "kubernetes/activate-node.sh",
        env: {
          ...this.nodeEnv(node),
          NODE_ROLE: node.role,
          KUBERNETES_VERSION: settings.version,
          DRAIN_TIMEOUT_SECONDS: String(drain.timeoutSeconds),
          DRAIN_GRACE_PERIOD_SECONDS: String(drain.gracePeriodSeconds ?? -1),
        },
        rerunOn: [prepared.digest],
        undo: "none",
        timeoutSeconds: drain.timeoutSeconds + TURN_SECONDS,
      },
      { parent: this.parent, dependsOn: [...after] },
    );
  }

  /** A step of its own with inputs that hardly ever change: a provider whose kubeconfig is unknown looks replaced. */
  printKubeconfig(init: RemoteStep): RemoteStep {
    const { endpoint, first, settings } = this.args;
    return new RemoteStep(
      kubeconfigStepName(settings.name),
      {
        on: first,
        script: "kubernetes/print-kubeconfig.sh",
        env: { NODE_NAME: first.name, ENDPOINT: endpoint },
        undo: "none",
      },
      { parent: this.parent, dependsOn: [init] },
    );
  }

  private nodeEnv(node: Machine): Record<string, pulumi.Input<string>> {
    return {
      NODE_NAME: node.name,
      NODE_ADDRESS: node.address,
      STACK_ID: this.args.stackId,
      ETCD_DIRECTORY: this.args.settings.etcdDirectory,
    };
  }
}
