import type * as pulumi from "@pulumi/pulumi";

/**
 * The output of a component inside a cluster that names the resource which all its objects are deleted with. Pulumi hands
 * the option `deletedWith` down to the children, and hides it from policies.
 */
export function deletedWithOutput(options: pulumi.ComponentResourceOptions | undefined): {
  readonly deletedWith?: pulumi.Output<string>;
} {
  return options?.deletedWith ? { deletedWith: options.deletedWith.urn } : {};
}
