import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { application, assertHealthy, type Application } from "../applications";
import { ArgoCdApi } from "../argocd-api";
import type { Drill } from "../drill";
import { infraRepository } from "../infra-repository";
import { eventually, kubectlJson } from "../platform";
import type { Clone } from "../repository";

/** Argo CD's time to report the fault, its few retries included, in seconds. */
const REPORTED_WITHIN_SECONDS = 45;
const DEPLOYMENT = "apps/web/base/deployment.yaml";
const KUSTOMIZATION = "apps/web/base/kustomization.yaml";
const OVERLAY = "apps/web/overlays/local";

interface Breakage {
  readonly what: string;
  readonly breakIt: (clone: Clone) => void;
  /** Argo CD's report. @throws while there is none */
  readonly report: (web: Application) => Promise<string> | string;
}

const BREAKAGES: readonly Breakage[] = [
  {
    what: "invalid YAML",
    breakIt: (clone) => edit(clone, DEPLOYMENT, (text) => text.replace("spec:", "spec: [")),
    report: (web) => comparisonError(web, /yaml: line \d+: .* in File: deployment\.yaml/),
  },
  {
    what: "an unknown field",
    breakIt: (clone) => edit(clone, DEPLOYMENT, (text) => text.replace("\nspec:\n", "\nspec:\n  replicaCount: 3\n")),
    report: (web) => comparisonError(web, /\.spec\.replicaCount: field not declared in schema/),
  },
  {
    what: "a kind that the project forbids",
    breakIt: (clone) => {
      const secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: plain\nstringData:\n  password: in clear\n";
      writeFileSync(join(clone.directory, OVERLAY, "plain.yaml"), secret);
      edit(clone, `${OVERLAY}/kustomization.yaml`, (text) =>
        text.replace("resources:\n", "resources:\n  - plain.yaml\n"),
      );
    },
    report: (web) => failedResource(web, "Secret", /not permitted in project web/),
  },
  {
    what: "an image that doesn't exist",
    breakIt: (clone) => {
      edit(clone, KUSTOMIZATION, (text) => text.replace(/newTag: .*/, "newTag: 0.0.0-nobody"));
      // The default of ten minutes suits a slow registry, and is too long for a drill.
      edit(clone, DEPLOYMENT, (text) => text.replace("\nspec:\n", "\nspec:\n  progressDeadlineSeconds: 10\n"));
    },
    report: async ({ status }) => {
      const deployment = status?.resources?.find(({ kind }) => kind === "Deployment");
      assert.equal(deployment?.health?.status, "Degraded", deployment?.health?.message);
      const pod = await podInTrouble();
      assert.match(pod, /0\.0\.0-nobody/);
      return `${deployment.health.message ?? ""}; ${pod}`;
    },
  },
];

export const brokenManifest: Drill = {
  name: "broken-manifest",
  promise: "a broken manifest in Git stops nothing that runs, and Argo CD reports the fault and its place",
  needs: "platform",
  minutes: 3,
  inTest: false,
  run: async (see) =>
    infraRepository(async (clone) => {
      const good = (await clone.git("rev-parse", "HEAD")).trim();
      const before = await readyPods();
      assert.equal(before.length, 1, "the web application has one ready pod");
      let longest = 0;
      try {
        for (const { what, breakIt, report } of BREAKAGES) {
          // Each commit starts from the good state, and so repairs the fault before.
          await clone.git("checkout", "--quiet", good, "--", ".");
          rmSync(join(clone.directory, OVERLAY, "plain.yaml"), { force: true });
          breakIt(clone);
          await clone.publish(`drill: ${what}`);
          const message = await eventually(`Argo CD reports ${what}`, REPORTED_WITHIN_SECONDS, async () =>
            report(await application("web")),
          );
          longest = Math.max(longest, message.seconds);
          see(`${what}, after ${message.seconds.toFixed(1)} s: ${lastOf(message.value)}`);
          assert.deepEqual(await readyPods(), before, "the pod that was running runs on");
          await assertHealthy(["web", "infrastructure-root"]);
        }
      } finally {
        await clone.git("checkout", "--quiet", good, "--", ".");
        rmSync(join(clone.directory, OVERLAY, "plain.yaml"), { force: true });
        await clone.publish("drill: as it was");
      }
      const mended = await eventually("everything is Synced and Healthy again", 60, () => assertHealthy());
      assert.deepEqual(await readyPods(), before, "the pod that was running runs on");
      see(`repaired ${mended.seconds.toFixed(1)} s after the last push; the pod never stopped`);
      return `each reported within ${longest.toFixed(1)} s, repaired in ${mended.seconds.toFixed(1)} s`;
    }),
};

function edit(clone: Clone, file: string, change: (text: string) => string): void {
  const path = join(clone.directory, file);
  const before = readFileSync(path, "utf8");
  const after = change(before);
  assert.notEqual(after, before, `${file} is not as the drill expects it`);
  writeFileSync(path, after);
}

function comparisonError({ status }: Application, pattern: RegExp): string {
  const condition = status?.conditions?.find(({ type }) => type === "ComparisonError");
  assert.match(condition?.message ?? "", pattern);
  return condition?.message ?? "";
}

function failedResource({ status }: Application, kind: string, pattern: RegExp): string {
  const resources = status?.operationState?.syncResult?.resources ?? [];
  const failed = resources.find((resource) => resource.kind === kind && resource.status === "SyncFailed");
  assert.match(failed?.message ?? "", pattern);
  return `${kind} ${failed?.name ?? ""}: ${failed?.message ?? ""}`;
}

interface Pod {
  readonly metadata: { readonly uid: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function readyPods(): Promise<readonly string[]> {
  const { items } = await kubectlJson<{ items: readonly Pod[] }>("get", "pods", "--namespace", "web");
  return items
    .filter(({ status }) => status.conditions?.some(({ type, status }) => type === "Ready" && status === "True"))
    .map(({ metadata }) => metadata.uid);
}

interface ResourceTree {
  readonly nodes?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly health?: { readonly status: string; readonly message?: string };
  }[];
}

/** The pod with a reason in Argo CD's resource tree. */
async function podInTrouble(): Promise<string> {
  const tree = await (await ArgoCdApi.login()).get<ResourceTree>("/api/v1/applications/web/resource-tree");
  const pods = (tree.nodes ?? []).filter(({ kind }) => kind === "Pod");
  const pod = pods.find(({ health }) => health?.message);
  assert.ok(pod, `no pod is explained: ${JSON.stringify(pods.map(({ name, health }) => ({ name, health })))}`);
  return `Pod ${pod.name}: ${pod.health?.message ?? ""}`;
}

/** The end of a long message, where the cause is. */
function lastOf(message: string): string {
  const line = message.replaceAll(/\s+/g, " ").trim();
  return line.length > 220 ? `… ${line.slice(-220)}` : line;
}
