import { createHash, X509Certificate } from "node:crypto";
import { stringify } from "yaml";
import { API_PROXY_ADDRESS } from "./api-proxy";
import { HARDENED_VOLUMES, hardenedArguments } from "./hardening";

const API = "kubeadm.k8s.io/v1beta3";
const CRI_SOCKET = "unix:///run/containerd/containerd.sock";

export interface ClusterSettings {
  /** Name of the cluster, in kubeconfigs. */
  readonly name: string;
  /** Without a leading v: `1.27.4`. */
  readonly version: string;
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly etcdDirectory: string;
  /** Names and addresses that the API's certificate is valid for, besides kubeadm's own. */
  readonly certSANs: readonly string[];
  /** `kernel`: kube-proxy leaves connection tracking alone, which it can't set inside a machine container. */
  readonly conntrack: "kube-proxy" | "kernel";
  /** Who gives each node its part of the pod network: Kubernetes' controller, or the steps by `podCidrOf`. */
  readonly podCidrs: "controller" | "address";
  /** Whether control planes and kubelets get more than kubeadm's defaults (hardening.ts). */
  readonly hardened: boolean;
}

export interface NodeSettings {
  readonly name: string;
  /** IPv4 address on the node network. */
  readonly address: string;
  /** Whether a control plane also runs workloads; only useful without workers. */
  readonly schedulable?: boolean;
}

/** Secrets of a join, all of them shaped by kubeadm. */
export interface JoinSecrets {
  /** `id.secret`: 6 and 16 lower-case letters or digits. */
  readonly bootstrapToken: string;
  /** 64 hex digits; control planes only. */
  readonly certificateKey?: string;
}

/** kubeadm's configuration for the first control plane. Holds the bootstrap token. */
export function renderInitConfig(cluster: ClusterSettings, node: NodeSettings, bootstrapToken: string): string {
  return documents(
    {
      apiVersion: API,
      kind: "InitConfiguration",
      // A token of ours: without one, kubeadm makes up another that stays valid for a day.
      bootstrapTokens: [
        {
          token: bootstrapToken,
          ttl: "24h0m0s",
          usages: ["signing", "authentication"],
          groups: ["system:bootstrappers:kubeadm:default-node-token"],
        },
      ],
      localAPIEndpoint: { advertiseAddress: node.address, bindPort: 6443 },
      nodeRegistration: nodeRegistration(node, node.schedulable ? { taints: [] } : {}),
    },
    clusterConfiguration(cluster),
    {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      cgroupDriver: "systemd",
      serializeImagePulls: false,
      registryPullQPS: 0,
    },
    {
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      mode: "iptables",
      clusterCIDR: cluster.podSubnet,
      ...(cluster.conntrack === "kernel"
        ? { conntrack: { maxPerCore: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" } }
        : {}),
    },
  );
}

/**
 * kubeadm's configuration to upload the control planes' certificates, encrypted with the key. It has no version, so that an
 * upgrade doesn't admit every node anew: admit-nodes.sh adds the version of the kubeadm that runs there to the last document.
 */
export function renderUploadCertsConfig(cluster: ClusterSettings, node: NodeSettings, certificateKey: string): string {
  return renderPhaseConfig({ ...cluster, hardened: false }, node, { certificateKey });
}

/** kubeadm's configuration for single phases on a control plane. It has no version either: the script adds it. */
export function renderPhaseConfig(
  cluster: ClusterSettings,
  node: NodeSettings,
  secrets: Pick<JoinSecrets, "certificateKey"> = {},
): string {
  const { ["kubernetesVersion"]: _version, ...configuration } = clusterConfiguration(cluster);
  return documents(
    {
      apiVersion: API,
      kind: "InitConfiguration",
      ...secrets,
      localAPIEndpoint: { advertiseAddress: node.address, bindPort: 6443 },
      nodeRegistration: nodeRegistration(node),
    },
    configuration,
  );
}

/** kubeadm's configuration for a node that joins: a worker, or a control plane when there is a certificate key. */
export function renderJoinConfig(node: NodeSettings, caCertificate: string, secrets: JoinSecrets): string {
  return documents({
    apiVersion: API,
    kind: "JoinConfiguration",
    // Not a discovery file: kubeadm 1.27 sleeps 5 s before it first reads one.
    discovery: {
      bootstrapToken: {
        token: secrets.bootstrapToken,
        apiServerEndpoint: API_PROXY_ADDRESS,
        caCertHashes: [publicKeyHash(caCertificate)],
      },
    },
    nodeRegistration: nodeRegistration(node),
    ...(secrets.certificateKey === undefined
      ? {}
      : {
          controlPlane: {
            localAPIEndpoint: { advertiseAddress: node.address, bindPort: 6443 },
            certificateKey: secrets.certificateKey,
          },
        }),
  });
}

/** kubeadm's pin of a CA: the SHA-256 of its public key, by which a joining node recognises the cluster. */
function publicKeyHash(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return `sha256:${createHash("sha256").update(new Uint8Array(key)).digest("hex")}`;
}

function clusterConfiguration(cluster: ClusterSettings): Record<string, unknown> {
  const hardened = cluster.hardened ? hardenedArguments(cluster.version) : undefined;
  const controllerManager = {
    // kube-controller-manager 1.27 sleeps 10 s in the start of the controller that allocates them, and whatever it
    // starts after that one (the order is random: certificate signing, DaemonSets) comes 10 s later too.
    ...(cluster.podCidrs === "address" ? { "allocate-node-cidrs": "false" } : {}),
    ...hardened?.controllerManager,
  };
  return {
    apiVersion: API,
    kind: "ClusterConfiguration",
    clusterName: cluster.name,
    kubernetesVersion: `v${cluster.version}`,
    controlPlaneEndpoint: API_PROXY_ADDRESS,
    networking: { podSubnet: cluster.podSubnet, serviceSubnet: cluster.serviceSubnet },
    apiServer: {
      certSANs: [...cluster.certSANs],
      timeoutForControlPlane: "2m0s",
      ...(hardened ? { extraArgs: hardened.apiServer, extraVolumes: HARDENED_VOLUMES } : {}),
    },
    ...(Object.keys(controllerManager).length > 0 ? { controllerManager: { extraArgs: controllerManager } } : {}),
    ...(hardened ? { scheduler: { extraArgs: hardened.scheduler } } : {}),
    etcd: { local: { dataDir: cluster.etcdDirectory } },
    // A new etcd member votes only once it has caught up: a join that is killed half-way can't cost the quorum.
    featureGates: { EtcdLearnerMode: true },
  };
}

function nodeRegistration(node: NodeSettings, extra: object = {}): object {
  return {
    name: node.name,
    criSocket: CRI_SOCKET,
    // prepare-node.sh has pulled every image by digest; kubeadm would pull by tag.
    imagePullPolicy: "Never",
    ...extra,
  };
}

function documents(...parts: readonly object[]): string {
  return parts.map((part) => stringify(part)).join("---\n");
}
