import { createHash } from "node:crypto";
import { stringify } from "yaml";

/* What a hardened cluster has beyond kubeadm's defaults (docs/security.md): CIS's benchmark for Kubernetes, as far as kubeadm can. */

/** Files that the API server reads, on each control plane: scripts/remote/lib/hardening.sh writes them. */
const DIRECTORY = "/etc/kubernetes/hardening";
const AUDIT_DIRECTORY = "/var/log/kubernetes/audit";

/** Forward secrecy and authenticated encryption only; HTTP/2 needs the second one. */
const CIPHER_SUITES = [
  ...["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
  ...["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
].join(",");

const TLS = { "tls-cipher-suites": CIPHER_SUITES, "tls-min-version": "VersionTLS12" };

type Arguments = Readonly<Record<string, string>>;

/**
 * Arguments of the parts of a control plane.
 *
 * @param version of Kubernetes, without a leading v
 */
export function hardenedArguments(
  version: string,
): Readonly<Record<"apiServer" | "controllerManager" | "scheduler", Arguments>> {
  return {
    apiServer: {
      "admission-control-config-file": `${DIRECTORY}/admission.yaml`,
      "audit-log-maxage": "30",
      "audit-log-maxbackup": "10",
      "audit-log-maxsize": "100",
      "audit-log-path": `${AUDIT_DIRECTORY}/audit.log`,
      "audit-policy-file": `${DIRECTORY}/audit-policy.yaml`,
      // DenyServiceExternalIPs: whoever may create a Service could take over an address (CVE-2020-8554).
      "enable-admission-plugins": "NodeRestriction,DenyServiceExternalIPs,EventRateLimit",
      "encryption-provider-config": `${DIRECTORY}/encryption.yaml`,
      // Another order of its keys takes no restart.
      "encryption-provider-config-automatic-reload": "true",
      profiling: "false",
      ...TLS,
      ...(mitigatesHttp2Floods(version) ? { "feature-gates": "UnauthenticatedHTTP2DOSMitigation=true" } : {}),
    },
    controllerManager: { profiling: "false", "terminated-pod-gc-threshold": "1000", ...TLS },
    scheduler: { profiling: "false", ...TLS },
  };
}

/** 1.27 has the mitigation of CVE-2023-44487 from 1.27.7 on, switched off; an earlier API server refuses to start with its name. */
function mitigatesHttp2Floods(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return major === 1 && minor === 27 && patch >= 7;
}

/**
 * Arguments of every kubelet, beside those that only some machines can have (scripts/remote/lib/node-kernel.sh). Not in
 * kubeadm's configuration of the kubelet: that is the cluster's, and would change on all nodes at once.
 */
export const KUBELET_ARGUMENTS: readonly string[] = [
  "--event-qps=5",
  "--pod-max-pids=4096",
  "--read-only-port=0",
  "--rotate-certificates",
  "--seccomp-default",
  "--streaming-connection-idle-timeout=5m",
  `--tls-cipher-suites=${CIPHER_SUITES}`,
  "--tls-min-version=VersionTLS12",
];

/** Lines "part text": what the manifests of a control plane's static pods hold, each as a line, once it is hardened. */
export function manifestLines(version: string): string {
  const { apiServer, controllerManager, scheduler } = hardenedArguments(version);
  const of = (part: string, given: Arguments): string[] =>
    Object.entries(given).map(([name, value]) => `${part} --${name}=${value}`);
  return [
    `kube-apiserver name: ${FILES_VOLUME}`,
    ...of("kube-apiserver", apiServer),
    ...of("kube-controller-manager", controllerManager),
    ...of("kube-scheduler", scheduler),
  ].join("\n");
}

/**
 * Who did what, without the bodies of Secrets and of what may hold secrets. What the cluster's own parts read all day is left
 * out, and so are Events and Leases: they would be most of the log.
 */
export function renderAuditPolicy(): string {
  const parts = ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"];
  const policy = {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
      { level: "None", nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi/*"] },
      { level: "None", resources: [{ group: "", resources: ["events"] }, { group: "events.k8s.io" }] },
      { level: "None", userGroups: ["system:serviceaccounts", "system:nodes"], resources: [leases()] },
      { level: "None", users: parts, resources: [leases()] },
      {
        level: "Metadata",
        resources: [
          { group: "", resources: ["secrets", "configmaps", "serviceaccounts/token"] },
          { group: "authentication.k8s.io" },
        ],
      },
      { level: "None", users: parts, verbs: ["get", "list", "watch"] },
      { level: "None", userGroups: ["system:nodes"], verbs: ["get", "list", "watch"] },
      {
        level: "RequestResponse",
        verbs: ["create", "update", "patch", "delete", "deletecollection"],
        resources: [{ group: "rbac.authorization.k8s.io" }],
      },
      { level: "Metadata" },
    ],
  };
  return stringify(policy, { aliasDuplicateObjects: false });
}

function leases(): object {
  return { group: "coordination.k8s.io", resources: ["leases"] };
}

/**
 * Pods have to meet the level baseline where their namespace's labels say nothing else; what restricted forbids is warned about
 * and audited. kube-system has kube-proxy and the pod network. Events have a rate, so that a flood of them doesn't fill etcd.
 */
export function renderAdmission(): string {
  const latest = "latest";
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: [
      {
        name: "PodSecurity",
        configuration: {
          apiVersion: "pod-security.admission.config.k8s.io/v1",
          kind: "PodSecurityConfiguration",
          defaults: {
            enforce: "baseline",
            "enforce-version": latest,
            audit: "restricted",
            "audit-version": latest,
            warn: "restricted",
            "warn-version": latest,
          },
          exemptions: { usernames: [], runtimeClasses: [], namespaces: ["kube-system"] },
        },
      },
      {
        name: "EventRateLimit",
        configuration: {
          apiVersion: "eventratelimit.admission.k8s.io/v1alpha1",
          kind: "Configuration",
          limits: [
            { type: "Namespace", qps: 50, burst: 500, cacheSize: 2000 },
            { type: "User", qps: 50, burst: 500, cacheSize: 2000 },
          ],
        },
      },
    ],
  });
}

/**
 * The volume's name changes with what the API server reads at its start only: so does the manifest, and the kubelet starts the
 * API server again. The files keep their paths, because a newcomer may meet a cluster whose configuration is older.
 */
const FILES_VOLUME = `hardening-${createHash("sha256")
  .update(renderAuditPolicy() + renderAdmission())
  .digest("hex")
  .slice(0, 8)}`;

/** kubeadm's list of what the API server mounts. */
export const HARDENED_VOLUMES: readonly object[] = [
  { name: FILES_VOLUME, hostPath: DIRECTORY, mountPath: DIRECTORY, readOnly: true, pathType: "Directory" },
  { name: "audit", hostPath: AUDIT_DIRECTORY, mountPath: AUDIT_DIRECTORY, pathType: "DirectoryOrCreate" },
];

/** secretbox takes 32 bytes, in base64. */
export function encryptionKey(password: string): string {
  return createHash("sha256").update(password).digest("base64");
}
