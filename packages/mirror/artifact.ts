/** A file a machine downloads, relative to a source: `dl.k8s.io/release/v1.27.4/bin/linux/amd64/kubelet`. */
export interface FileArtifact {
  readonly kind: "file";
  /** Stable name the program looks it up by: `kubelet`, `cni-plugins`. */
  readonly name: string;
  /** Version without a leading v: `1.27.4`. */
  readonly version: string;
  /** Upstream host and path, without a scheme; a mirror keeps the same path below its base URL. */
  readonly path: string;
  /** Lower-case hex SHA-256 of the content. */
  readonly sha256: string;
}

/** A container image a machine pulls: `registry.k8s.io/kube-apiserver:v1.27.4`. */
export interface ImageArtifact {
  readonly kind: "image";
  /** Stable name the program looks it up by: `kube-apiserver`, `argocd`. */
  readonly name: string;
  /** Version without a leading v. */
  readonly version: string;
  /** Full upstream reference with tag; a mirror registry keeps it as `<mirror>/<upstream host>/<repository>:<tag>`. */
  readonly path: string;
  /** `sha256:…` of the manifest. */
  readonly digest: string;
}

export type Artifact = FileArtifact | ImageArtifact;

/** The generated list (`artifacts.json`): everything a stack may download, pinned. */
export interface ArtifactList {
  /** Origin of the list: `mirror built from modules`, `copied from upstream`, `pinned by hand`. */
  readonly origin: string;
  readonly artifacts: readonly Artifact[];
}
