import type { DriftReport } from "./finding";

interface Application {
  readonly metadata?: { readonly name?: string };
  readonly status?: { readonly sync?: { readonly status?: string }; readonly health?: { readonly status?: string } };
}

const TIMEOUT_MS = 10_000;

/**
 * Argo CD's applications that are not as Git has them. Git owns them, and Argo CD heals them: they are told, and change
 * nothing else. An API that doesn't answer has been told by the refresh already.
 */
export async function strayApplications(kubeconfig: unknown): Promise<DriftReport["applications"]> {
  if (typeof kubeconfig !== "string" || kubeconfig === "") return [];
  const { CustomObjectsApi, KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const listing = config
    .makeApiClient(CustomObjectsApi)
    .listNamespacedCustomObject({
      group: "argoproj.io",
      version: "v1alpha1",
      namespace: "argocd",
      plural: "applications",
    })
    .catch(() => ({ items: [] }));
  const nothing = new Promise<{ items: [] }>((resolve) => setTimeout(resolve, TIMEOUT_MS, { items: [] }).unref());
  const { items = [] } = (await Promise.race([listing, nothing])) as { items?: readonly Application[] };
  return items.map(summary).filter(({ sync, health }) => sync !== "Synced" || health !== "Healthy");
}

function summary({ metadata, status }: Application): DriftReport["applications"][number] {
  return {
    name: metadata?.name ?? "",
    sync: status?.sync?.status ?? "Unknown",
    health: status?.health?.status ?? "Unknown",
  };
}
