// Proves what a node is told to download, and that nothing unpinned can be.
import { describe, expect, it } from "vitest";
import type { Artifact } from "../../../components/artifacts/artifact";
import {
  downloadsEnvironment,
  nodeDownloads,
  type NodeDownloadsArgs,
} from "../../../components/kubernetes/node-artifacts";

const FILES = ["kubelet", "kubeadm", "kubectl", "crictl", "cni-plugins"];
const IMAGES: Record<string, string> = {
  "kube-apiserver": "registry.k8s.io/kube-apiserver:v1.27.4",
  "kube-controller-manager": "registry.k8s.io/kube-controller-manager:v1.27.4",
  "kube-scheduler": "registry.k8s.io/kube-scheduler:v1.27.4",
  "kube-proxy": "registry.k8s.io/kube-proxy:v1.27.4",
  etcd: "registry.k8s.io/etcd:3.5.7-0",
  coredns: "registry.k8s.io/coredns/coredns:v1.10.1",
  pause: "registry.k8s.io/pause:3.9",
  flannel: "ghcr.io/flannel-io/flannel:v0.26.7",
  "flannel-cni-plugin": "ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1",
  "kube-router": "docker.io/cloudnativelabs/kube-router:v2.1.0",
  argocd: "quay.io/argoproj/argocd:v2.7.15",
};
const ARTIFACTS: Artifact[] = [
  ...FILES.map((name) => ({
    kind: "file" as const,
    name,
    version: "1.27.4",
    path: `host/${name}`,
    sha256: `${name}-sum`,
  })),
  ...Object.entries(IMAGES).map(([name, path]) => ({
    kind: "image" as const,
    name,
    version: "1.27.4",
    path,
    digest: `sha256:${name}`,
  })),
];
const ARGS: NodeDownloadsArgs = {
  role: "worker",
  version: "1.27.4",
  source: { source: "mirror", files: "http://10.78.0.10", registry: "http://10.78.0.10:5000" },
  artifacts: ARTIFACTS,
  prefetch: ["argocd"],
};

describe("nodeDownloads", () => {
  it("keeps upstream paths below the mirror", () => {
    const downloads = downloadsEnvironment(nodeDownloads(ARGS));
    expect(downloads.FILES?.split("\n")[0]).toBe("kubelet http://10.78.0.10/host/kubelet kubelet-sum");
    expect(downloads.MIRROR_REGISTRY).toBe("http://10.78.0.10:5000");
    expect(downloads.REGISTRY_HOSTS).toBe("docker.io ghcr.io quay.io registry.k8s.io");
    expect(downloads.SANDBOX_IMAGE).toBe("registry.k8s.io/pause:3.9");
  });

  it("downloads from upstream over HTTPS without a mirror", () => {
    const downloads = downloadsEnvironment(nodeDownloads({ ...ARGS, source: { source: "upstream" } }));
    expect(downloads.FILES?.split("\n")[0]).toBe("kubelet https://host/kubelet kubelet-sum");
    expect(downloads.MIRROR_REGISTRY).toBe("");
  });

  it("gives workers the workloads' images in the background, and control planes their own at once", () => {
    const worker = downloadsEnvironment(nodeDownloads(ARGS));
    expect(worker.PREFETCH_IMAGES).toBe(`${IMAGES.coredns ?? ""} sha256:coredns\n${IMAGES.argocd ?? ""} sha256:argocd`);
    expect(worker.IMAGES).not.toContain("etcd");
    const controlPlane = downloadsEnvironment(nodeDownloads({ ...ARGS, role: "control-plane" }));
    expect(controlPlane.PREFETCH_IMAGES).toBe("");
    expect(controlPlane.IMAGES?.split("\n")).toHaveLength(10);
  });

  it("names everything that is missing at once", () => {
    const artifacts = ARTIFACTS.filter(({ name }) => name !== "crictl" && name !== "flannel");
    expect(() => nodeDownloads({ ...ARGS, version: "1.27.3", artifacts })).toThrow(
      "artifact list: a worker needs the file kubelet 1.27.3 (got 1.27.4), needs the file kubeadm 1.27.3 (got 1.27.4), " +
        "needs the file kubectl 1.27.3 (got 1.27.4), needs the file crictl (got none), " +
        "needs the image kube-proxy 1.27.3 (got 1.27.4), needs the image flannel (got none); generate the list again",
    );
  });
});
