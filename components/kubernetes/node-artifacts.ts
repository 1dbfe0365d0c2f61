import type { Artifact, ArtifactSource, FileArtifact, ImageArtifact } from "../artifacts/artifact";
import type { Role } from "../machines/machine";

const KUBERNETES_FILES = ["kubelet", "kubeadm", "kubectl"] as const;
const OTHER_FILES = ["crictl", "cni-plugins"] as const;
const CONTROL_PLANE_IMAGES = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
const NODE_IMAGES = ["pause", "kube-proxy", "flannel", "flannel-cni-plugin", "kube-router"] as const;

/** What one node downloads, as the environment of prepare-node.sh. */
export interface NodeDownloads {
  readonly FILES: string;
  readonly IMAGES: string;
  readonly PREFETCH_IMAGES: string;
  readonly SANDBOX_IMAGE: string;
  readonly REGISTRY_HOSTS: string;
  readonly MIRROR_REGISTRY: string;
}

export interface NodeDownloadsArgs {
  readonly role: Role;
  /** Kubernetes version without a leading v. */
  readonly version: string;
  readonly source: ArtifactSource;
  readonly artifacts: readonly Artifact[];
  /** Names of images that workloads will need; workers pull them in the background. */
  readonly prefetch: readonly string[];
}

/**
 * Picks a node's files and images from the pinned list.
 *
 * @throws Error naming every artifact that the list lacks or has in another version.
 */
export function nodeDownloads(args: NodeDownloadsArgs): NodeDownloads {
  const problems: string[] = [];
  const find = <K extends Artifact["kind"]>(kind: K, name: string, version?: string) => {
    const named = args.artifacts.filter(
      (artifact): artifact is Extract<Artifact, { kind: K }> => artifact.kind === kind && artifact.name === name,
    );
    const found = named.find((artifact) => version === undefined || artifact.version === version);
    if (found) return [found];
    const need = version === undefined ? `${kind} ${name}` : `${kind} ${name} ${version}`;
    const got = named.map((artifact) => artifact.version).join(", ") || "none";
    problems.push(`needs the ${need} (got ${got})`);
    return [];
  };
  const files = [
    ...KUBERNETES_FILES.flatMap((name) => find("file", name, args.version)),
    ...OTHER_FILES.flatMap((name) => find("file", name)),
  ];
  // CoreDNS starts on the control plane, which is there first; workers only need it when it moves.
  const images = args.role === "control-plane" ? [...CONTROL_PLANE_IMAGES, ...NODE_IMAGES, "coredns"] : NODE_IMAGES;
  const pulled = images.flatMap((name) => find("image", name, isKubernetes(name) ? args.version : undefined));
  const later = args.role === "worker" ? ["coredns", ...args.prefetch].flatMap((name) => find("image", name)) : [];
  if (problems.length > 0) {
    throw new Error(`artifact list: a ${args.role} ${problems.join(", ")}; generate the list again`);
  }
  const known = args.artifacts.flatMap((artifact) => (artifact.kind === "image" ? [host(artifact)] : []));
  return {
    FILES: files.map((file) => `${file.name} ${fileUrl(file, args.source)} ${file.sha256}`).join("\n"),
    IMAGES: imageLines(pulled),
    PREFETCH_IMAGES: imageLines(later),
    SANDBOX_IMAGE: pulled.find((image) => image.name === "pause")?.path ?? "",
    REGISTRY_HOSTS: [...new Set(known)].sort().join(" "),
    MIRROR_REGISTRY: args.source.source === "mirror" ? args.source.registry : "",
  };
}

function isKubernetes(image: string): boolean {
  return image.startsWith("kube-") && image !== "kube-router";
}

function imageLines(images: readonly ImageArtifact[]): string {
  return images.map((image) => `${image.path} ${image.digest}`).join("\n");
}

function host(image: ImageArtifact): string {
  return image.path.split("/")[0] ?? "";
}

function fileUrl(file: FileArtifact, source: ArtifactSource): string {
  return source.source === "mirror" ? `${source.files}/${file.path}` : `https://${file.path}`;
}
