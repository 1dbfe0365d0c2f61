import type { ExpectedNode } from "../../../scripts/stack/drift/expected";

export const SUM = "a".repeat(64);
export const OTHER = "b".repeat(64);

/** A control plane as its steps describe it. */
export const controlPlane: ExpectedNode = {
  name: "cp-1",
  connection: { host: "10.78.0.11", port: 22, user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" },
  files: { "/etc/crictl.yaml": SUM, "/etc/kubernetes/manifests/etcd.yaml": SUM, "/usr/local/bin/kubectl": SUM },
  packages: { containerd: "1.6.20" },
  packageFiles: { "/usr/bin/containerd": SUM },
  units: { containerd: "", kubelet: "" },
  sysctls: { "net.ipv4.ip_forward": "1" },
  modules: ["br_netfilter"],
  swap: false,
  steps: [],
  disk: { directory: "/var/lib/etcd", limitMs: 10 },
};

/** What the probe prints of it when nothing drifted. */
export const cleanProbe = [
  "owner\tgitops-platform/local/local",
  `file\t/etc/crictl.yaml\t${SUM}`,
  `file\t/etc/kubernetes/manifests/etcd.yaml\t${SUM}`,
  `file\t/usr/local/bin/kubectl\t${SUM}`,
  `file\t/usr/bin/containerd\t${SUM}`,
  "manifest\t/etc/kubernetes/manifests/etcd.yaml",
  "package\tcontainerd\t1.6.20\tsame",
  "unit\tcontainerd\tactive\tenabled\tno\t",
  "unit\tkubelet\tactive\tenabled\tno\t",
  "sysctl\tnet.ipv4.ip_forward\t1",
  "module\tbr_netfilter\tyes",
  "swap\tno",
  `clock\t${Date.UTC(2030, 0, 1) / 1000}`,
  "end",
].join("\n");
