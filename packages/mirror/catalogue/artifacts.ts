import type { Unit } from "../units/unit";
import {
  ARGOCD_RELEASES,
  ARGOCD_VERSION,
  FLANNEL_VERSION,
  GO_COMPONENTS,
  KUBERNETES_VERSION,
  KUBE_ROUTER_VERSION,
  SEALED_SECRETS_VERSION,
} from "./go-components";
import {
  CNI_PLUGINS_ARCHIVE,
  CRICTL_ARCHIVE,
  GUEST_IMAGE,
  type ImageName,
  type KubernetesImage,
  type Release,
  type Units,
} from "./units";

/** A file of the mirror, and the build output that it comes from. */
export interface BuiltFile {
  readonly name: string;
  readonly version: string;
  /** See {@link FileArtifact}. */
  readonly path: string;
  readonly unit: Unit;
  readonly output: string;
}

/** An image of the mirror, and the unit of its layout. */
export interface BuiltImage {
  readonly name: ImageName;
  readonly version: string;
  /** Upstream reference; the mirror serves the image under it. */
  readonly path: string;
  readonly unit: Unit;
}

/** A program for this computer: a tool of the mirror, of `npm start` or of the tests. */
export interface HostTool {
  readonly name: string;
  readonly unit: Unit;
  readonly output: string;
}

/** The files that machines download. */
export function builtFiles({ go, archives }: Units): BuiltFile[] {
  const kubernetes = kubernetesFiles(KUBERNETES_VERSION, go.kubernetes);
  const release = (name: string, version: string, repository: string, output: string, unit: Unit): BuiltFile => {
    return { name, version, path: `github.com/${repository}/releases/download/v${version}/${output}`, unit, output };
  };
  const { crictl, "cni-plugins": cni } = GO_COMPONENTS;
  return [
    ...kubernetes,
    release("crictl", crictl.version, "kubernetes-sigs/cri-tools", CRICTL_ARCHIVE, archives.crictl),
    release("cni-plugins", cni.version, "containernetworking/plugins", CNI_PLUGINS_ARCHIVE, archives.cniPlugins),
  ];
}

function kubernetesFiles(version: string, unit: Unit): BuiltFile[] {
  const path = `dl.k8s.io/release/v${version}/bin/linux/amd64`;
  return ["kubelet", "kubeadm", "kubectl"].map((name) => ({
    ...{ name, version, path: `${path}/${name}`, unit, output: name },
  }));
}

/** The files and images of another release than the mirror's own; the mirror has them on request only. */
export function builtRelease(release: Release): {
  readonly files: readonly BuiltFile[];
  readonly images: readonly BuiltImage[];
} {
  const { version } = release;
  if (release.part === "argocd") return { files: [], images: argoCdImages(version, release.images) };
  return { files: kubernetesFiles(version, release.programs), images: kubernetesImages(version, release.images) };
}

/** Argo CD, and Redis under the tag in its manifest; the program is Debian's redis-server 7.0. */
function argoCdImages(version: string, images: Readonly<Record<"argocd" | "redis", Unit>>): BuiltImage[] {
  const { redis } = ARGOCD_RELEASES[version as keyof typeof ARGOCD_RELEASES];
  return [
    { name: "argocd", version, path: `quay.io/argoproj/argocd:v${version}`, unit: images.argocd },
    { name: "redis", version: redis, path: `docker.io/library/redis:${redis}`, unit: images.redis },
  ];
}

function kubernetesImages(version: string, images: Readonly<Record<KubernetesImage, Unit>>): BuiltImage[] {
  return (["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"] as const).map((name) => ({
    ...{ name, version, path: `registry.k8s.io/${name}:v${version}`, unit: images[name] },
  }));
}

/** The files that hypervisors download; the mirror has them on request only. */
export function builtGuestFiles({ virtual }: Units): BuiltFile[] {
  const path = `cloud.debian.org/images/cloud/bookworm/latest/${GUEST_IMAGE}`;
  return [{ name: "guest-image", version: "12", path, unit: virtual.guest, output: GUEST_IMAGE }];
}

/** The images that machines pull, under the names in the manifests and in `kubeadm config images list`. */
export function builtImages({ images }: Units): BuiltImage[] {
  const built = (name: ImageName, version: string, path: string): BuiltImage => ({
    name,
    version,
    path,
    unit: images[name],
  });
  const { podinfo, registry, "metrics-server": metrics, "local-path-provisioner": localPath } = GO_COMPONENTS;
  return [
    ...kubernetesImages(KUBERNETES_VERSION, images),
    built("etcd", "3.5.7-0", "registry.k8s.io/etcd:3.5.7-0"),
    built("coredns", "1.10.1", "registry.k8s.io/coredns/coredns:v1.10.1"),
    built("pause", "3.9", "registry.k8s.io/pause:3.9"),
    built("flannel", FLANNEL_VERSION, `ghcr.io/flannel-io/flannel:v${FLANNEL_VERSION}`),
    // flannel 0.26.7's manifest names 1.6.2-flannel1; the program is the last one in CNI's own module.
    built("flannel-cni-plugin", "1.6.2-flannel1", "ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1"),
    built("kube-router", KUBE_ROUTER_VERSION, `docker.io/cloudnativelabs/kube-router:v${KUBE_ROUTER_VERSION}`),
    ...argoCdImages(ARGOCD_VERSION, images),
    built(
      "sealed-secrets-controller",
      SEALED_SECRETS_VERSION,
      `docker.io/bitnami/sealed-secrets-controller:${SEALED_SECRETS_VERSION}`,
    ),
    built("podinfo", podinfo.version, `ghcr.io/stefanprodan/podinfo:${podinfo.version}`),
    built("metrics-server", metrics.version, `registry.k8s.io/metrics-server/metrics-server:v${metrics.version}`),
    built(
      "local-path-provisioner",
      localPath.version,
      `docker.io/rancher/local-path-provisioner:v${localPath.version}`,
    ),
    // Debian's busybox is of this version.
    built("busybox", "1.35.0", "docker.io/library/busybox:1.35.0"),
    built("registry", registry.version, `docker.io/library/registry:${registry.version}`),
  ];
}

/** The programs in `CACHE/mirror/bin`. */
export function hostTools({ go }: Units): HostTool[] {
  return [
    { name: "crane", unit: go.crane, output: "crane" },
    { name: "registry", unit: go.registry, output: "registry" },
    { name: "kubectl", unit: go.kubernetes, output: "kubectl" },
    { name: "kubeseal", unit: go["sealed-secrets"], output: "kubeseal" },
    { name: "helm", unit: go.helm, output: "helm" },
  ];
}
