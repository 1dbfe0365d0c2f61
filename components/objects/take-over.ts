import * as pulumi from "@pulumi/pulumi";

/**
 * Marks every Kubernetes object below a component as the program's own. A field that somebody else has written since, by
 * hand or in an update that was killed, gets its value back with the next change; without the mark that change fails with
 * a conflict. The kubernetes plugin has this as an annotation, and as a provider setting only from 4.29 on.
 */
export const takeOver: pulumi.ResourceTransformation = ({ type, props, opts }) => {
  if (!type.startsWith("kubernetes:")) return undefined;
  const metadata = (props as { readonly metadata?: unknown }).metadata;
  if (typeof metadata !== "object" || metadata === null || pulumi.Output.isInstance(metadata))
    throw new Error(`${type} — its metadata is no plain object, so it can't be marked as the program's own`);
  const { annotations } = metadata as { readonly annotations?: object };
  return {
    props: { ...props, metadata: { ...metadata, annotations: { ...annotations, "pulumi.com/patchForce": "true" } } },
    opts,
  };
};
