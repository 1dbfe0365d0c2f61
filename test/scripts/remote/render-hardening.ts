/** Prints what a control plane is sent to harden it, as assignments of a shell. */
import { manifestLines, renderAdmission, renderAuditPolicy } from "../../../components/kubernetes/hardening";
import { renderPhaseConfig } from "../../../components/kubernetes/kubeadm-config";
import { shellQuote } from "../../../components/remote/script";

const cluster = {
  ...{ name: "test", version: "1.27.4", podSubnet: "10.244.0.0/16", serviceSubnet: "10.96.0.0/12" },
  ...{ etcdDirectory: "/var/lib/etcd", certSANs: ["10.78.0.11"], hardened: true },
  ...({ conntrack: "kernel", podCidrs: "address" } as const),
};
const variables = {
  AUDIT_POLICY: renderAuditPolicy(),
  ADMISSION: renderAdmission(),
  ENCRYPTION_KEY: "a2V5",
  MANIFEST_LINES: manifestLines("1.27.4"),
  PHASE_CONFIG: renderPhaseConfig(cluster, { name: "cp-1", address: "10.78.0.11" }),
};
for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}=${shellQuote(value)}\n`);
