import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "../objects/kubernetes-object";

/**
 * flannel's official manifest with what differs per cluster: the pod network, and the interface.
 * flannel would take the interface of the default route; on machines with several networks, or without a default route,
 * the one with the node's own address is meant.
 *
 * @throws Error when the manifest is not shaped as expected.
 */
export function flannelObjects(manifest: string, podSubnet: string): KubernetesObject[] {
  const objects = parseAllDocuments(manifest).map((document) => document.toJS() as KubernetesObject);
  const patched = { config: false, daemon: false };
  const result = objects.map((object) => {
    if (object.kind === "ConfigMap") {
      const config = withPodSubnet(object, podSubnet);
      patched.config = true;
      return config;
    }
    if (object.kind === "DaemonSet") {
      const daemon = withNodeInterface(object);
      patched.daemon = true;
      return daemon;
    }
    return object;
  });
  if (!patched.config || !patched.daemon) {
    throw new Error("flannel manifest: has no ConfigMap or no DaemonSet; take the manifest of a supported version");
  }
  return result;
}

interface ConfigMap extends KubernetesObject {
  readonly data: Readonly<Record<string, string>>;
}

function withPodSubnet(object: KubernetesObject, podSubnet: string): KubernetesObject {
  const { data } = object as ConfigMap;
  const config = JSON.parse(data["net-conf.json"] ?? "{}") as Record<string, string>;
  return { ...object, data: { ...data, "net-conf.json": JSON.stringify({ ...config, Network: podSubnet }, null, 2) } };
}

interface DaemonSet extends KubernetesObject {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly args: readonly string[]; readonly env: readonly object[] }[];
      };
    };
  };
}

function withNodeInterface(object: KubernetesObject): KubernetesObject {
  const { spec } = object as DaemonSet;
  const { template } = spec;
  const containers = template.spec.containers.map((container) => ({
    ...container,
    args: [...container.args, "--iface=$(NODE_ADDRESS)"],
    env: [...container.env, { name: "NODE_ADDRESS", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } }],
  }));
  return {
    ...object,
    spec: { ...spec, template: { ...template, spec: { ...template.spec, containers } } },
  };
}

const KUBE_ROUTER = { name: "kube-router", namespace: "kube-system" } as const;

/**
 * kube-router as a firewall only: it enforces NetworkPolicy, which flannel does not; routing and services stay with
 * flannel and kube-proxy.
 *
 * @param version Without a leading v: `2.1.0`.
 */
export function kubeRouterObjects(version: string, serviceSubnet: string): KubernetesObject[] {
  const read = ["get", "list", "watch"];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: KUBE_ROUTER },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: KUBE_ROUTER.name },
      rules: [
        { apiGroups: [""], resources: ["namespaces", "pods", "services", "nodes", "endpoints"], verbs: read },
        { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: read },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: KUBE_ROUTER.name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: KUBE_ROUTER.name },
      subjects: [{ kind: "ServiceAccount", ...KUBE_ROUTER }],
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { ...KUBE_ROUTER, labels: { "k8s-app": KUBE_ROUTER.name } },
      spec: {
        selector: { matchLabels: { "k8s-app": KUBE_ROUTER.name } },
        template: {
          metadata: { labels: { "k8s-app": KUBE_ROUTER.name } },
          spec: kubeRouterPod(version, serviceSubnet),
        },
      },
    },
  ];
}

function kubeRouterPod(version: string, serviceSubnet: string): object {
  return {
    priorityClassName: "system-node-critical",
    serviceAccountName: KUBE_ROUTER.name,
    // It writes the node's own packet filter, and finds the pods' network namespaces by their processes.
    hostNetwork: true,
    hostPID: true,
    tolerations: [{ operator: "Exists" }],
    containers: [
      {
        name: KUBE_ROUTER.name,
        image: `docker.io/cloudnativelabs/kube-router:v${version}`,
        imagePullPolicy: "IfNotPresent",
        args: [
          "--run-router=false",
          "--run-firewall=true",
          "--run-service-proxy=false",
          `--service-cluster-ip-range=${serviceSubnet}`,
          "--v=1",
        ],
        env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
        // A slow machine may need seconds for an answer, and a restart would only make it slower.
        livenessProbe: {
          httpGet: { path: "/healthz", port: 20244 },
          initialDelaySeconds: 30,
          periodSeconds: 10,
          timeoutSeconds: 5,
        },
        resources: { requests: { cpu: "50m", memory: "50Mi" } },
        securityContext: { privileged: true },
        volumeMounts: [
          { name: "lib-modules", mountPath: "/lib/modules", readOnly: true },
          { name: "xtables-lock", mountPath: "/run/xtables.lock" },
        ],
      },
    ],
    volumes: [
      { name: "lib-modules", hostPath: { path: "/lib/modules" } },
      { name: "xtables-lock", hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" } },
    ],
  };
}
