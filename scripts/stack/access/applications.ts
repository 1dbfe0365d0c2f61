import type { ApiConstructor, ApiType } from "@kubernetes/client-node";
import type { Pod } from "./pod-trouble";

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
export interface Resource {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
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
  const { ApiException, CustomObjectsApi } = await import("@kubernetes/client-node");
  const api = await client(kubeconfig, CustomObjectsApi);
  try {
    const { items = [] } = (await bounded(api.listNamespacedCustomObject(KIND))) as { items?: readonly Application[] };
    return items;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    if (error.code === 404) return [];
    throw new Error(`the API server answered ${error.code}`, { cause: error });
  }
}

/** The pods of a namespace. @throws like {@link readApplications} */
export async function readPods(kubeconfig: string, namespace: string): Promise<readonly Pod[]> {
  const { CoreV1Api } = await import("@kubernetes/client-node");
  return (await bounded((await client(kubeconfig, CoreV1Api)).listNamespacedPod({ namespace }))).items;
}

async function client<T extends ApiType>(kubeconfig: string, api: ApiConstructor<T>): Promise<T> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config.makeApiClient(api);
}

async function bounded<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => undefined); // one that fails after the timeout
  const late = new Promise<never>((_, reject) => {
    const fail = (): void => reject(new Error(`the API server gave no answer within ${TIMEOUT_MS / 1000} s`));
    setTimeout(fail, TIMEOUT_MS).unref();
  });
  return Promise.race([answer, late]);
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
