import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "./kubernetes-object";

/** Kubernetes objects that became resources. */
export interface ObjectGroup {
  /** All of them, for what has to wait for the group. */
  readonly all: readonly pulumi.Resource[];
  /** One of them. @throws when the group has none of that kind and name */
  resource(kind: string, name: string): pulumi.Resource;
}

/**
 * Kubernetes objects as resources of their own, each named `<name>-<kind>-<name of the object>`.
 *
 * Registered directly, under the type that the SDK's own classes have: every object shows in the first preview while the
 * cluster is still unknown, an unchanged preview needs no cluster, and each waits for what the options say. The SDK's
 * ConfigGroup does the first two, but drops `dependsOn` and sends every object twice, which costs each preview a second.
 */
export function objectGroup(
  name: string,
  objects: readonly KubernetesObject[],
  options: pulumi.CustomResourceOptions,
): ObjectGroup {
  const resources = new Map(
    objects.map((object) => {
      const key = `${object.kind}-${object.metadata.name}`.toLowerCase();
      return [key, new ManifestObject(typeOf(object), `${name}-${key}`, { ...object }, options)] as const;
    }),
  );
  return {
    all: [...resources.values()],
    resource: (kind, objectName) => {
      const resource = resources.get(`${kind}-${objectName}`.toLowerCase());
      if (!resource) throw new Error(`${name} — has no ${kind} ${objectName}; is the manifest of another version?`);
      return resource;
    },
  };
}

class ManifestObject extends pulumi.CustomResource {}

/** `kubernetes:apps/v1:Deployment`; the API group without a name is called core. */
function typeOf({ apiVersion, kind }: KubernetesObject): string {
  return `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
}
