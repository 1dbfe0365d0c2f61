import type { Artifact, ArtifactSource, FileArtifact, ImageArtifact } from "../artifacts/artifact";
import {
  CONTROL_PLANE_IMAGES,
  DNS_IMAGE,
  KUBERNETES_FILES,
  KUBERNETES_IMAGES,
  NODE_IMAGES,
  OTHER_FILES,
} from "../artifacts/names";
import type { Role } from "../machines/machine";

interface PinnedFile {
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
}

interface PinnedImage {
  readonly reference: string;
  readonly digest: string;
}

/** What the nodes of one role download. Plain data: the cluster has it among its inputs, where policies judge it. */
export interface NodeDownloads {
  readonly files: readonly PinnedFile[];
  readonly images: readonly PinnedImage[];
  /** Images that are pulled in the background. */
  readonly prefetch: readonly PinnedImage[];
  /** Reference of the sandbox image. */
  readonly sandboxImage: string;
  /** Every registry that an image of the list comes from. */
  readonly registryHosts: readonly string[];
  /** Base URL of the registry that stands in for them; empty without a mirror. */
  readonly mirrorRegistry: string;
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
 * Picks the files and images of one role from the pinned list.
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
  const controlPlane = args.role === "control-plane";
  const images = controlPlane ? [...CONTROL_PLANE_IMAGES, ...NODE_IMAGES, DNS_IMAGE] : NODE_IMAGES;
  const pulled = images.flatMap((name) =>
    find("image", name, KUBERNETES_IMAGES.includes(name) ? args.version : undefined),
  );
  const later = controlPlane ? [] : [DNS_IMAGE, ...args.prefetch].flatMap((name) => find("image", name));
  if (problems.length > 0) {
    throw new Error(`artifact list: a ${args.role} ${problems.join(", ")}; generate the list again`);
  }
  const known = args.artifacts.flatMap((artifact) => (artifact.kind === "image" ? [host(artifact)] : []));
  return {
    files: files.map((file) => ({ name: file.name, url: fileUrl(file, args.source), sha256: file.sha256 })),
    images: pulled.map(pinned),
    prefetch: later.map(pinned),
    sandboxImage: pulled.find((image) => image.name === "pause")?.path ?? "",
    registryHosts: [...new Set(known)].sort(),
    mirrorRegistry: args.source.source === "mirror" ? args.source.registry : "",
  };
}

/** The downloads as the environment of prepare-node.sh. */
export function downloadsEnvironment(downloads: NodeDownloads): Record<string, string> {
  const lines = (images: readonly PinnedImage[]): string =>
    images.map(({ digest, reference }) => `${reference} ${digest}`).join("\n");
  return {
    FILES: downloads.files.map(({ name, sha256, url }) => `${name} ${url} ${sha256}`).join("\n"),
    IMAGES: lines(downloads.images),
    PREFETCH_IMAGES: lines(downloads.prefetch),
    SANDBOX_IMAGE: downloads.sandboxImage,
    REGISTRY_HOSTS: downloads.registryHosts.join(" "),
    MIRROR_REGISTRY: downloads.mirrorRegistry,
  };
}

function pinned({ digest, path }: ImageArtifact): PinnedImage {
  return { reference: path, digest };
}

function host(image: ImageArtifact): string {
  return image.path.split("/")[0] ?? "";
}

function fileUrl(file: FileArtifact, source: ArtifactSource): string {
  return source.source === "mirror" ? `${source.files}/${file.path}` : `https://${file.path}`;
}
