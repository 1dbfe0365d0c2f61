import type * as pulumi from "@pulumi/pulumi";

/**
 * What a component inside a cluster adds to its outputs: the resource that all its objects go with. Pulumi hands
 * `deletedWith` down to the children, but tells policies nothing of it.
 */
export function goesWith(options: pulumi.ComponentResourceOptions | undefined): {
  readonly deletedWith?: pulumi.Output<string>;
} {
  return options?.deletedWith ? { deletedWith: options.deletedWith.urn } : {};
}
