// Proves what kubeadm is told. Does not prove that kubeadm accepts it: test/e2e does.
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import {
  renderInitConfig,
  renderJoinConfig,
  renderPhaseConfig,
  renderUploadCertsConfig,
  type ClusterSettings,
} from "../../../components/kubernetes/kubeadm-config";
import { CA_CERTIFICATE, CA_PUBLIC_KEY_HASH } from "./ca-certificate";

const CLUSTER: ClusterSettings = {
  name: "test",
  version: "1.27.4",
  podSubnet: "10.244.0.0/16",
  serviceSubnet: "10.96.0.0/12",
  etcdDirectory: "/var/lib/etcd",
  certSANs: ["10.78.0.11", "cp-1"],
  conntrack: "kube-proxy",
  podCidrs: "controller",
  hardened: false,
};
const NODE = { name: "cp-1", address: "10.78.0.11" };
const TOKEN = "abcdef.0123456789abcdef";

function read(yaml: string): Record<string, unknown>[] {
  return parseAllDocuments(yaml).map((document) => document.toJS() as Record<string, unknown>);
}

describe("renderInitConfig", () => {
  it("describes the whole cluster", () => {
    expect(read(renderInitConfig(CLUSTER, NODE, TOKEN))).toEqual([
      {
        apiVersion: "kubeadm.k8s.io/v1beta3",
        kind: "InitConfiguration",
        bootstrapTokens: [
          {
            token: TOKEN,
            ttl: "24h0m0s",
            usages: ["signing", "authentication"],
            groups: ["system:bootstrappers:kubeadm:default-node-token"],
          },
        ],
        localAPIEndpoint: { advertiseAddress: "10.78.0.11", bindPort: 6443 },
        nodeRegistration: {
          name: "cp-1",
          criSocket: "unix:///run/containerd/containerd.sock",
          imagePullPolicy: "Never",
        },
      },
      {
        apiVersion: "kubeadm.k8s.io/v1beta3",
        kind: "ClusterConfiguration",
        clusterName: "test",
        kubernetesVersion: "v1.27.4",
        controlPlaneEndpoint: "127.0.0.1:7443",
        networking: { podSubnet: "10.244.0.0/16", serviceSubnet: "10.96.0.0/12" },
        apiServer: { certSANs: ["10.78.0.11", "cp-1"], timeoutForControlPlane: "2m0s" },
        etcd: { local: { dataDir: "/var/lib/etcd" } },
        featureGates: { EtcdLearnerMode: true },
      },
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
        clusterCIDR: "10.244.0.0/16",
      },
    ]);
  });

  it("leaves connection tracking to the kernel, and pod networks to the steps, where told so", () => {
    const [, cluster, , proxy] = read(
      renderInitConfig({ ...CLUSTER, conntrack: "kernel", podCidrs: "address" }, NODE, TOKEN),
    );
    expect(proxy?.conntrack).toEqual({ maxPerCore: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" });
    expect(cluster?.controllerManager).toEqual({ extraArgs: { "allocate-node-cidrs": "false" } });
  });

  it("takes no taint on a node that also runs workloads", () => {
    const [init] = read(renderInitConfig(CLUSTER, { ...NODE, schedulable: true }, TOKEN));
    expect(init?.nodeRegistration).toMatchObject({ taints: [] });
  });
});

describe("renderJoinConfig", () => {
  it("pins the cluster's CA for a worker", () => {
    const node = { name: "worker-1", address: "10.78.0.21" };
    expect(read(renderJoinConfig(node, CA_CERTIFICATE, { bootstrapToken: TOKEN }))).toEqual([
      {
        apiVersion: "kubeadm.k8s.io/v1beta3",
        kind: "JoinConfiguration",
        discovery: {
          bootstrapToken: { token: TOKEN, apiServerEndpoint: "127.0.0.1:7443", caCertHashes: [CA_PUBLIC_KEY_HASH] },
        },
        nodeRegistration: {
          name: "worker-1",
          criSocket: "unix:///run/containerd/containerd.sock",
          imagePullPolicy: "Never",
        },
      },
    ]);
  });

  it("gives a control plane the certificate key", () => {
    const [join] = read(renderJoinConfig(NODE, CA_CERTIFICATE, { bootstrapToken: TOKEN, certificateKey: "ab" }));
    expect(join?.controlPlane).toEqual({
      localAPIEndpoint: { advertiseAddress: "10.78.0.11", bindPort: 6443 },
      certificateKey: "ab",
    });
  });
});

it("a hardened cluster's parts have arguments of their own, beside what they had", () => {
  const [, cluster] = read(renderInitConfig({ ...CLUSTER, hardened: true, podCidrs: "address" }, NODE, TOKEN));
  expect(cluster).toMatchObject({
    apiServer: {
      certSANs: ["10.78.0.11", "cp-1"],
      extraArgs: { "audit-policy-file": "/etc/kubernetes/hardening/audit-policy.yaml", profiling: "false" },
      extraVolumes: [
        { hostPath: "/etc/kubernetes/hardening", readOnly: true },
        { hostPath: "/var/log/kubernetes/audit" },
      ],
    },
    controllerManager: { extraArgs: { "allocate-node-cidrs": "false", "terminated-pod-gc-threshold": "1000" } },
    scheduler: { extraArgs: { profiling: "false" } },
  });
  const phase = read(renderPhaseConfig({ ...CLUSTER, hardened: true }, NODE));
  expect(phase[1]).toMatchObject({ scheduler: { extraArgs: { profiling: "false" } } });
  expect(phase[1]).not.toHaveProperty("kubernetesVersion");
  expect(JSON.stringify(phase)).not.toContain("certificateKey");
});

it("renderUploadCertsConfig holds the certificate key and no token", () => {
  const text = renderUploadCertsConfig(CLUSTER, NODE, "ab".repeat(32));
  expect(read(text)[0]?.certificateKey).toBe("ab".repeat(32));
  expect(text).not.toContain("token");
});
