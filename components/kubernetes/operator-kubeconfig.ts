import { parse, stringify } from "yaml";
import type { Machine } from "../machines/machine";

interface Kubeconfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: Readonly<Record<string, unknown>> }[];
  readonly contexts: readonly { readonly name: string; readonly context: Readonly<Record<string, unknown>> }[];
}

/**
 * A kubeconfig with one more context for each control plane, named like it: `kubectl --context cp-2` reaches the cluster while
 * the endpoint's own machine is away. The current context stays; those of an earlier time are left out.
 */
export function withControlPlanes(
  kubeconfig: string,
  controlPlanes: readonly Pick<Machine, "name" | "address">[],
): string {
  const { clusters, contexts, ...rest } = parse(kubeconfig) as Kubeconfig;
  const [cluster] = clusters;
  const [context] = contexts;
  if (!cluster || !context) throw new Error("the kubeconfig that the cluster printed has no cluster or no context");
  return stringify({
    ...rest,
    clusters: [
      cluster,
      ...controlPlanes.map(({ address, name }) => ({
        name,
        cluster: { ...cluster.cluster, server: `https://${address}:6443` },
      })),
    ],
    contexts: [context, ...controlPlanes.map(({ name }) => ({ name, context: { ...context.context, cluster: name } }))],
  });
}
