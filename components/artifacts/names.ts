/** The names by which artifacts are looked up in the list: all that a stack downloads. */

/** Files of every node that have the version of Kubernetes. */
export const KUBERNETES_FILES = ["kubelet", "kubeadm", "kubectl"] as const;

/** Files of every node that have versions of their own. */
export const OTHER_FILES = ["crictl", "cni-plugins"] as const;

/** Images that have the version of Kubernetes. */
export const KUBERNETES_IMAGES: readonly string[] = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
];

/** Images of every node. */
export const NODE_IMAGES = ["pause", "kube-proxy", "flannel", "flannel-cni-plugin", "kube-router"] as const;

/** Images of control planes, beside those of every node. */
export const CONTROL_PLANE_IMAGES = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

/** The image of the cluster's DNS server: it starts on a control plane, and moves to a worker later. */
export const DNS_IMAGE = "coredns";

/** Images of what the stack installs on the cluster; workers pull them in the background. */
export const WORKLOAD_IMAGES = ["argocd", "redis", "sealed-secrets-controller"] as const;
