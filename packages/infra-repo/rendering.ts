import type { KubernetesObject } from "./kubernetes-object";

/** What became of one folder or chart. */
export type Rendering =
  | {
      readonly objects: readonly KubernetesObject[];
      /** What of it can't be had here, a phrase each. @default nothing */
      readonly leftOut?: readonly string[];
      /** Its `helmCharts`, which are left out: Argo CD renders them only when it is told to. @default none */
      readonly charts?: readonly string[];
      /** What Argo CD would refuse the whole for, a phrase each; the objects are the rest. @default nothing */
      readonly broken?: readonly string[];
    }
  /** Argo CD would render it and this check can't: a chart elsewhere, a plugin. Says why. */
  | { readonly unseen: string }
  /** It can't be rendered, here or there. */
  | {
      readonly problem: string;
      /** The listed file that doesn't exist. */
      readonly missing?: string;
    };

/** What `Rendering`s are made with. Paths are relative to the repository. */
export interface Renderers {
  /** Renders a folder with a kustomization, after the edits that Argo CD makes for an Application. */
  readonly kustomize: (repository: string, path: string, edits?: readonly (readonly string[])[]) => Promise<Rendering>;
  /** Renders a chart. */
  readonly helm: (repository: string, path: string, release: Release) => Promise<Rendering>;
  /** Fills Go templates: a row for each set of parameters. @throws Error with the first template that is wrong */
  readonly goTemplates: (templates: readonly string[], sets: readonly unknown[]) => Promise<string[][]>;
}

/** What an Application says about a chart's release. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  /** Relative to the repository. */
  readonly valueFiles: readonly string[];
  /** YAML texts, the last one wins. */
  readonly values: readonly string[];
  /** Further arguments of `helm template`. */
  readonly args: readonly string[];
}
