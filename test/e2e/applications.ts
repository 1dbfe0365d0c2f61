import assert from "node:assert/strict";
import { kubectlJson } from "./platform";

/** What Argo CD says about an Application, as far as drills look at it. */
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

/** @throws unless each of them, those named in `except` aside, is Synced and Healthy */
export async function assertHealthy(except: readonly string[] = []): Promise<void> {
  for (const { metadata, status } of await applications()) {
    if (except.includes(metadata.name)) continue;
    assert.deepEqual(
      [metadata.name, status?.sync?.status, status?.health?.status],
      [metadata.name, "Synced", "Healthy"],
      status?.health?.message,
    );
  }
}
