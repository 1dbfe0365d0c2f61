import assert from "node:assert/strict";
import { kubectlJson } from "./platform";

/** The parts of an Application that drills read. */
export interface Application {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly sync?: { readonly status: string; readonly revision?: string };
    readonly health?: { readonly status: string; readonly message?: string };
    readonly conditions?: readonly { readonly type: string; readonly message: string }[];
    readonly resources?: readonly ApplicationResource[];
    readonly operationState?: {
      readonly phase: string;
      readonly message?: string;
      readonly syncResult?: { readonly resources?: readonly SyncedResource[] };
    };
  };
}

interface ApplicationResource {
  readonly kind: string;
  readonly name: string;
  readonly health?: { readonly status: string; readonly message?: string };
}

interface SyncedResource {
  readonly kind: string;
  readonly name: string;
  readonly status?: string;
  readonly message?: string;
}

export async function applications(): Promise<readonly Application[]> {
  return (await kubectlJson<{ items: readonly Application[] }>("get", "applications", "--namespace", "argocd")).items;
}

export async function application(name: string): Promise<Application> {
  return kubectlJson<Application>("get", "application", name, "--namespace", "argocd");
}

/** @throws with the name of every Application, except those in `except`, that isn't Synced and Healthy */
export async function assertHealthy(except: readonly string[] = []): Promise<void> {
  const looked = (await applications()).filter(({ metadata }) => !except.includes(metadata.name));
  const unhealthy = looked.flatMap(({ metadata, status }) => {
    const [sync, health] = [status?.sync?.status ?? "Unknown", status?.health?.status ?? "Unknown"];
    if (sync === "Synced" && health === "Healthy") return [];
    const waiting = (status?.resources ?? [])
      .filter((resource) => resource.health && resource.health.status !== "Healthy")
      .map((resource) => `${resource.kind} ${resource.name} ${resource.health?.status ?? ""}`);
    return [[metadata.name, sync, health, status?.health?.message, ...waiting].filter(Boolean).join(", ")];
  });
  assert.deepEqual(unhealthy, []);
}
