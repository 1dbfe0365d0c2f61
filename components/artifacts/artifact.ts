export type { Artifact, ArtifactList, FileArtifact, ImageArtifact } from "@gitops-platform/mirror/artifact";

/** Where artifacts come from. */
export type ArtifactSource =
  | { readonly source: "upstream" }
  | {
      readonly source: "mirror";
      /** Base URL for files, without a trailing slash: `http://10.78.0.10`. */
      readonly files: string;
      /** Base URL of the registry: `http://10.78.0.10:5000`. */
      readonly registry: string;
    };
