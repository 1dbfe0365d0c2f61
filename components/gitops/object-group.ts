import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "./manifest";

/** Where a group of objects hangs in the stack. */
export interface ObjectGroupOptions {
  readonly parent: pulumi.Resource;
  /** What has to exist before the first of the objects. */
  readonly dependsOn?: pulumi.CustomResourceOptions["dependsOn"];
}

/** Kubernetes objects that became resources. */
export interface ObjectGroup {
  /** All of them, for what has to wait for the group. */
  readonly all: pulumi.Output<pulumi.Resource[]>;
  /** One of them: `resource("apps/v1/Deployment", "argocd/argocd-server")`. */
  resource(kind: string, id: string): pulumi.Output<pulumi.CustomResource>;
}

/**
 * Kubernetes objects as resources of their own, each named `<name>-<namespace>/<name of the object>`.
 *
 * The component of the YAML package's first version, because it runs in the program: every object shows in the first
 * preview, while the cluster is still unknown, and previews need no cluster. It hands no `dependsOn` to its children,
 * so that is done here.
 */
export function objectGroup(
  name: string,
  objects: readonly KubernetesObject[],
  options: ObjectGroupOptions,
): ObjectGroup {
  const wait = (_object: unknown, child: pulumi.CustomResourceOptions): void => {
    child.dependsOn = options.dependsOn;
  };
  const group = new k8s.yaml.ConfigGroup(
    name,
    { objs: [...objects], resourcePrefix: name, transformations: [wait] },
    { parent: options.parent },
  );
  return {
    all: group.resources.apply((resources) => Object.values(resources)),
    resource: (kind, id) => group.getCustomResource(kind, `${name}-${id}`),
  };
}
