/** An Argo CD Application, as far as commands read it. */
export interface Application {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly sync?: { readonly status?: string };
    readonly health?: Health;
    readonly conditions?: readonly { readonly type: string; readonly message?: string }[];
    readonly resources?: readonly Resource[];
    readonly operationState?: {
      readonly phase?: string;
      readonly message?: string;
      readonly syncResult?: { readonly resources?: readonly Resource[] };
    };
  };
}

/** An object of an Application: live, or in the result of a sync. */
interface Resource {
  readonly kind: string;
  readonly name: string;
  readonly health?: Health;
  /** Of a sync: `Synced`, `SyncFailed`. */
  readonly status?: string;
  readonly message?: string;
}

interface Health {
  readonly status?: string;
  readonly message?: string;
}

export interface ApplicationState {
  readonly name: string;
  readonly sync: string;
  readonly health: string;
}

const TIMEOUT_MS = 10_000;
const KIND = { group: "argoproj.io", version: "v1alpha1", namespace: "argocd", plural: "applications" };

/**
 * The Applications of a cluster. A cluster without Argo CD has none.
 *
 * @throws Error when the API server gives no answer within ten seconds, or refuses
 */
export async function readApplications(kubeconfig: string): Promise<readonly Application[]> {
  const { ApiException, CustomObjectsApi, KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const listing = config.makeApiClient(CustomObjectsApi).listNamespacedCustomObject(KIND);
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new Error(`the API server gave no answer within ${TIMEOUT_MS / 1000} s`));
    setTimeout(fail, TIMEOUT_MS).unref();
  });
  try {
    const { items = [] } = (await Promise.race([listing, late])) as { items?: readonly Application[] };
    return items;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    if (error.code === 404) return [];
    throw new Error(`the API server answered ${error.code}`);
  } finally {
    listing.catch(() => undefined); // one that fails after the timeout
  }
}

export function stateOf({ metadata, status }: Application): ApplicationState {
  return {
    name: metadata.name,
    sync: status?.sync?.status ?? "Unknown",
    health: status?.health?.status ?? "Unknown",
  };
}

/** Whether an Application is as Git has it, and healthy. */
export function isLive({ sync, health }: ApplicationState): boolean {
  return sync === "Synced" && health === "Healthy";
}
