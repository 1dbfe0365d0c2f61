import * as pulumi from "@pulumi/pulumi";
import type { FirewallSources } from "../addresses/sources";
import type { Machine, MachinePower, Role } from "../machines/machine";
import { RemoteStep } from "../remote/remote-step";
import { renderApiProxyConfig } from "./api-proxy";
import type { ControlPlaneHost } from "./control-plane-host";
import { renderFirewallRules } from "./firewall";
import { type Hardening, writesEncrypted } from "./hardening-steps";
import type { JoinCredentials } from "./join-credentials";
import { renderInitConfig, renderJoinConfig, renderUploadCertsConfig, type ClusterSettings } from "./kubeadm-config";
import { downloadsEnvironment, type NodeDownloads } from "./node-artifacts";
import { type Renewal, renewalTimer } from "./renewal";
import { type SnapshotSettings, snapshotTimer } from "./snapshots";
import { kubeconfigStepName, stepName } from "./steps";

/** What the steps of a cluster are made from; fields that the cluster has too mean the same. */
export interface ClusterStepsArgs {
  readonly settings: ClusterSettings;
  /** Where operators reach the cluster. */
  readonly first: Machine;
  /** All of them, the first one too. */
  readonly controlPlanes: readonly Machine[];
  readonly workers: readonly Machine[];
  readonly downloads: Readonly<Record<Role, NodeDownloads>>;
  readonly endpoint: string;
  /** Host of an endpoint that the stack file sets. It is empty without one. */
  readonly endpointName: string;
  readonly credentials: JoinCredentials;
  readonly hardening: Hardening;
  /** A node's part of the pod network by its address; a node without one gets it from the cluster. */
  readonly podCidrs: ReadonlyMap<string, string>;
  readonly stackId: pulumi.Input<string>;
  readonly drain: DrainSettings;
  readonly nodeDrains: ReadonlyMap<string, Partial<DrainSettings>>;
  readonly renewal: Renewal;
  readonly snapshots?: SnapshotSettings | undefined;
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

/** What taking a node out may take beyond the drain, in seconds. */
const REMOVAL_SECONDS = 300;

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
    const { etcdDirectory, name: cluster } = args.settings;
    return new RemoteStep(
      stepName(this.args.settings.name, node.name, "prepare"),
      {
        on: node,
        script: "kubernetes/prepare-node.sh",
        env: {
          ...{ ...this.nodeEnv(node), ...downloads, ...renewalTimer(node, args.controlPlanes) },
          ...snapshotTimer(node, { cluster, etcdDirectory, settings: args.snapshots }),
          ...args.hardening.kubelet(),
          API_PROXY_CONFIG: renderApiProxyConfig(args.controlPlanes),
        },
        rerunOn: [this.renewEnding(node)],
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

  /** Prints the name of the control plane that can let the node in; nothing while there is no cluster. */
  findControlPlane(node: Machine, prepared: RemoteStep): RemoteStep {
    return new RemoteStep(
      stepName(this.args.settings.name, node.name, "door"),
      {
        on: node,
        script: "kubernetes/find-control-plane.sh",
        env: { NODE_NAME: node.name, STACK_ID: this.args.stackId },
        undo: "none",
      },
      { parent: this.parent, dependsOn: [prepared] },
    );
  }

  /** Lets a node join, for a limited time. One step a node: a machine that can't be made must not keep others out. */
  admit(node: Machine, host: ControlPlaneHost): RemoteStep {
    const { controlPlanes, credentials, settings } = this.args;
    const joins = node.role === "control-plane";
    return new RemoteStep(
      stepName(this.args.settings.name, node.name, "admission"),
      {
        on: host,
        script: "kubernetes/admit-nodes.sh",
        env: {
          ...this.hostEnv(host),
          NODES: pulumi.interpolate`${node.name} ${node.role} ${node.address} ${node.identity}`,
          CONTROL_PLANES: joins ? controlPlanes.map(({ address, name }) => `${name} ${address}`).join("\n") : "",
          BOOTSTRAP_TOKEN: credentials.bootstrapToken,
          ...this.args.hardening.key(),
          UPLOAD_CERTS_CONFIG: joins
            ? pulumi
                .all([host.name, host.address, credentials.certificateKey])
                .apply(([name, address, key]) => renderUploadCertsConfig(settings, { name, address }, key))
            : "",
        },
        undo: "none",
      },
      { parent: this.parent },
    );
  }

  /**
   * Makes a machine a member of the cluster that its admission names, or the founder of one.
   *
   * @param founds whether this machine founds the cluster while there is none, and the snapshot that it founds it with
   */
  join(
    node: Machine,
    admission: RemoteStep,
    founds: pulumi.Output<{ readonly founds: boolean; readonly restore: string }>,
    dependsOn: pulumi.ResourceOptions["dependsOn"],
  ): RemoteStep {
    const { credentials, settings, workers } = this.args;
    const { bootstrapToken, certificateKey } = credentials;
    const caCertificate = caCertificateOf(admission);
    const joinConfig = pulumi.all([caCertificate, bootstrapToken, certificateKey]).apply(([ca, token, key]) =>
      ca === ""
        ? ""
        : renderJoinConfig(node, ca, {
            bootstrapToken: token,
            ...(node.role === "control-plane" ? { certificateKey: key } : {}),
          }),
    );
    const schedulable = workers.length === 0;
    const initConfig = pulumi
      .all([founds, bootstrapToken])
      .apply(([{ founds: yes }, token]) => (yes ? renderInitConfig(settings, { ...node, schedulable }, token) : ""));
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
          JOIN_CONFIG: joinConfig,
          INIT_CONFIG: initConfig,
          RESTORE: founds.apply(({ founds: yes, restore }) => (yes ? restore : "")),
          ...this.args.hardening.files(node),
          WRITES_ENCRYPTED: writesEncrypted(admission),
          RENEW_COMMAND: pulumi.interpolate`npx pulumi up --replace ${admission.urn}`,
        },
        undo: "script",
        timeoutSeconds: 600,
      },
      pulumi.mergeOptions({ parent: this.parent, dependsOn: [admission] }, { dependsOn }),
    );
  }

  /** Labels a member; the undo drains it and takes it out of the cluster. It is not undone where all of the cluster goes. */
  register(node: Machine, host: ControlPlaneHost, joined: RemoteStep): RemoteStep {
    const drain = this.drainOf(node);
    return new RemoteStep(
      stepName(this.args.settings.name, node.name, "membership"),
      {
        on: host,
        script: "kubernetes/register-member.sh",
        env: {
          ...this.hostEnv(host),
          MEMBER_NAME: node.name,
          MEMBER_ROLE: node.role,
          MEMBER_ADDRESS: node.address,
          ...drainEnvironment(drain),
        },
        rerunOn: [node.identity],
        undo: "script",
        timeoutSeconds: drain.timeoutSeconds + REMOVAL_SECONDS,
      },
      { parent: this.parent, dependsOn: [joined] },
    );
  }

  /** Begins the node's turn when its machine waits for a restart. */
  drain(node: Machine, { definition, pending }: MachinePower, after: readonly pulumi.Resource[]): RemoteStep {
    const drain = this.drainOf(node);
    return new RemoteStep(
      stepName(this.args.settings.name, node.name, "drain"),
      {
        on: node,
        script: "kubernetes/drain-node.sh",
        env: { ...this.turnEnv(node), MACHINE_DEFINITION: definition, MACHINE_PENDING: pending.apply(String) },
        undo: "none",
        timeoutSeconds: drain.timeoutSeconds + TURN_SECONDS,
      },
      { parent: this.parent, dependsOn: [...after] },
    );
  }

  /** Restarts the machine of a node that was drained for it. */
  restart(node: Machine, power: MachinePower, drained: RemoteStep): pulumi.Resource {
    const name = stepName(this.args.settings.name, node.name, "restart");
    return power.restart(name, { parent: this.parent, dependsOn: [drained] });
  }

  /**
   * The node's turn: with nothing staged, of the cluster's version, and with no turn begun, it is not touched. Its order is the
   * cluster's.
   */
  activate(
    node: Machine,
    { drained, prepared }: { readonly prepared: RemoteStep; readonly drained: RemoteStep | undefined },
    after: readonly pulumi.Resource[],
  ): RemoteStep {
    const { settings } = this.args;
    const drain = this.drainOf(node);
    return new RemoteStep(
      stepName(settings.name, node.name, "activation"),
      {
        on: node,
        script: "kubernetes/activate-node.sh",
        env: {
          ...this.turnEnv(node),
          ...this.args.hardening.staticPods(node),
          KUBERNETES_VERSION: settings.version,
          ENDPOINT_NAME: node.role === "control-plane" ? this.args.endpointName : "",
          RENEW_ENDING: this.renewEnding(node),
          MACHINE_DEFINITION: node.power?.definition ?? "",
        },
        // Images are pulled beside what runs: for them no turn is due, and no plan announces one.
        rerunOn: [
          prepared.digestWithout("IMAGES", "PREFETCH_IMAGES"),
          ...(drained ? [pulumi.unsecret(drained.stdout)] : []),
        ],
        undo: "none",
        timeoutSeconds: drain.timeoutSeconds + TURN_SECONDS,
      },
      { parent: this.parent, dependsOn: [...after] },
    );
  }

  /**
   * A step of its own with inputs that hardly ever change: a provider whose kubeconfig is unknown looks replaced.
   *
   * @param renewals what renews the certificates in this update
   */
  printKubeconfig(init: RemoteStep, renewals: pulumi.Output<pulumi.Resource[]>): RemoteStep {
    const { endpoint, first, settings } = this.args;
    return new RemoteStep(
      kubeconfigStepName(settings.name),
      {
        on: first,
        script: "kubernetes/print-kubeconfig.sh",
        env: { NODE_NAME: first.name, ENDPOINT: endpoint },
        rerunOn: [this.renewEnding(first)],
        undo: "none",
      },
      { parent: this.parent, dependsOn: renewals.apply((steps) => [init, ...steps]) },
    );
  }

  private renewEnding({ role }: Machine): pulumi.Input<string> {
    return role === "control-plane" ? this.args.renewal.ending : "";
  }

  private drainOf(node: Machine): DrainSettings {
    return { ...this.args.drain, ...this.args.nodeDrains.get(node.name) };
  }

  private hostEnv(host: ControlPlaneHost): Record<string, pulumi.Input<string>> {
    const { settings, stackId } = this.args;
    return {
      NODE_NAME: host.name,
      NODE_ADDRESS: host.address,
      STACK_ID: stackId,
      ETCD_DIRECTORY: settings.etcdDirectory,
    };
  }

  private turnEnv(node: Machine): Record<string, pulumi.Input<string>> {
    return { ...this.nodeEnv(node), NODE_ROLE: node.role, ...drainEnvironment(this.drainOf(node)) };
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

function drainEnvironment({ gracePeriodSeconds = -1, timeoutSeconds }: DrainSettings): Record<string, string> {
  return {
    DRAIN_TIMEOUT_SECONDS: String(timeoutSeconds),
    DRAIN_GRACE_PERIOD_SECONDS: String(gracePeriodSeconds),
  };
}

/** Of the cluster, PEM, as a step printed it; empty while there is none. It is not secret. */
export function caCertificateOf(step: RemoteStep): pulumi.Output<string> {
  return pulumi
    .unsecret(step.stdout)
    .apply((stdout) => (JSON.parse(stdout) as { readonly caCertificate: string }).caCertificate);
}
