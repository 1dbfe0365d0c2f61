import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import type { KubernetesObject } from "../../../components/objects/kubernetes-object";
import { type Environment, renderEnvironment } from "@gitops-platform/infra-repo/environments";
import { readFiles } from "@gitops-platform/infra-repo/files";
import { nameOf } from "@gitops-platform/infra-repo/rendered";
import { loadRenderers } from "@gitops-platform/infra-repo/renderers";
import { paths } from "../../../scripts/lib/paths";
import type { Drill } from "../drill";
import { infraRepository } from "../infra-repository";
import { eventually, kubectlJson, mustStart, pulumi } from "../platform";

/** In this order: the platform's own comes last, so that the drill ends as it began. */
const ROOT_PATHS = { staging: "applications/staging", production: "applications/production", local: "applications" };

interface Workload {
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly spec: { readonly containers: readonly { name: string; resources?: unknown }[] } };
  };
  readonly status?: { readonly readyReplicas?: number };
}

interface Application {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly source: { readonly path?: string } };
  readonly status?: { readonly sync?: { readonly status?: string }; readonly health?: { readonly status?: string } };
}

export const environments: Drill = {
  name: "environments",
  promise: "a changed root path brings the replicas and resources of each environment's overlay into the cluster",
  needs: "platform",
  minutes: 4,
  inTest: false,
  run: async (see) =>
    infraRepository(async (clone) => {
      const renderers = await loadRenderers(paths.cache, see);
      const repository = clone.directory;
      const seconds: string[] = [];
      const seen = new Set<string>();
      try {
        for (const [name, rootPath] of Object.entries(ROOT_PATHS)) {
          const environment = await renderEnvironment({
            renderers,
            repository,
            content: readFiles(repository),
            name,
            rootPath,
          });
          assert.deepEqual(environment.findings, []);
          const begin = performance.now();
          await switchTo(name, rootPath);
          await eventually(`${name} is live`, 120, () => isLive(environment));
          const took = ((performance.now() - begin) / 1000).toFixed(1);
          const shown = workloads(environment).map(describe).join("; ");
          see(`${rootPath} was live after ${took} s: ${shown}`);
          seconds.push(`${name} in ${took} s`);
          seen.add(shown);
        }
      } finally {
        await mustStart();
      }
      assert.equal(seen.size, 3, "two environments look the same: the drill is blind");
      return seconds.join(", ");
    }),
};

/** Changes the path like an operator: a setting and an update. `npm start` restores the committed one. */
async function switchTo(name: string, rootPath: string): Promise<void> {
  if (name === "local") {
    await mustStart();
    return;
  }
  const set = await pulumi("config", "set", "--path", "gitops-platform:gitops.path", rootPath);
  assert.equal(set.exitCode, 0, set.output);
  const up = await pulumi("up", "--yes", "--skip-preview", "--non-interactive");
  assert.equal(up.exitCode, 0, up.output);
}

async function isLive(environment: Environment): Promise<void> {
  const { items } = await kubectlJson<{ items: readonly Application[] }>("get", "applications", "-n", "argocd");
  for (const { name, sources } of environment.applications) {
    const live = items.find(({ metadata }) => metadata.name === name);
    assert.equal(live?.spec.source.path, sources[0]?.path, `${name} follows another path`);
    assert.equal(live?.status?.sync?.status, "Synced", `${name} is not Synced`);
    assert.equal(live.status.health?.status, "Healthy", `${name} is not Healthy`);
  }
  for (const object of workloads(environment)) {
    const rendered = object as unknown as Workload;
    const { name, namespace = "" } = object.metadata;
    const live = await kubectlJson<Workload>("get", object.kind, name, "-n", namespace);
    assert.equal(live.spec.replicas, rendered.spec.replicas ?? 1, `${nameOf(object)}: replicas`);
    assert.equal(live.status?.readyReplicas, rendered.spec.replicas ?? 1, `${nameOf(object)}: ready replicas`);
    assert.deepEqual(resources(live), resources(rendered), `${nameOf(object)}: resources`);
  }
}

function workloads({ parts }: Environment): KubernetesObject[] {
  return parts.flatMap(({ objects }) => objects.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet"));
}

function resources({ spec }: Workload): unknown {
  return spec.template.spec.containers.map(({ name, resources: quantities }) => [name, quantities]);
}

/** `web 2× requests 100m/64Mi, limit 128Mi`. */
function describe(object: KubernetesObject): string {
  const { spec } = object as unknown as Workload;
  const containers = spec.template.spec.containers.map((container) => {
    const { requests = {}, limits = {} } = (container.resources ?? {}) as {
      requests?: Record<string, string>;
      limits?: Record<string, string>;
    };
    return `${requests["cpu"]}/${requests["memory"]}, limit ${limits["memory"]}`;
  });
  return `${object.metadata.name} ${spec.replicas ?? 1}× ${containers.join(" + ")}`;
}
