import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { application } from "../applications";
import { ArgoCdPages } from "../argocd-pages";
import type { Drill } from "../drill";
import { eventually, kubectl, kubectlJson } from "../platform";

const ROOT = "infrastructure-root";

interface Automated {
  readonly spec: { readonly syncPolicy?: { readonly automated?: unknown } };
}

export const ui: Drill = {
  name: "ui",
  promise:
    "a browser logs in to Argo CD, sees the tree, a manifest, a pod's log and a hand edit's diff, and syncs it away",
  needs: "platform",
  minutes: 3,
  inTest: false,
  run: async (see) =>
    ArgoCdPages.with(see, async (pages) => {
      const begin = performance.now();
      await pages.login();
      const children = await childrenOf(ROOT);
      for (const name of [ROOT, ...children])
        await pages.see(`//*[contains(@class,'applications-tiles')]//*[text()='${name}']`);
      await pages.screenshot("applications");
      see(`logged in after ${((performance.now() - begin) / 1000).toFixed(1)} s: ${[ROOT, ...children].join(", ")}`);

      await pages.open(`/applications/argocd/${ROOT}?view=tree`);
      for (const name of children) await pages.see(treeNode("application", name));
      await pages.screenshot("root-tree");
      see(`the tree of ${ROOT} has its ${children.length} children`);

      await pages.open("/applications/argocd/web?view=tree");
      await pages.click(treeNode("deployment", "web"));
      const manifest = await pages.seeText(
        "//*[contains(@class,'monaco-editor')]//*[contains(@class,'view-lines')]",
        /Deployment/,
      );
      assert.match(manifest, /apiVersion: apps\/v1/);
      await pages.screenshot("deployment-manifest");
      see("a Deployment's manifest is shown");

      await seeLog(pages);
      see("a pod's log is shown");
      await further(pages);

      const seconds = await withoutAutomation(() => syncEdit(pages, see));
      return `a hand edit was synced away by two clicks in ${seconds.toFixed(1)} s`;
    }),
};

async function seeLog(pages: ArgoCdPages): Promise<void> {
  await pages.open("/applications/argocd/web?view=tree");
  const pod = "[contains(concat(@class,' '),'application-resource-tree__node--pod ')]";
  await pages.click(`//*${pod}//*[contains(@class,'node-title')]`);
  await pages.click(tab("LOGS"));
  // podinfo logs JSON.
  await pages.seeText("//*[contains(@class,'pod-logs-viewer')]//pre", /"level"/);
  await pages.screenshot("pod-log");
}

/** Opens the other pages: an error in the console fails the drill. */
async function further(pages: ArgoCdPages): Promise<void> {
  const views = ["pods", "network", "list"].map(
    (view) => [`${view}-view`, `/applications/argocd/web?view=${view}`] as const,
  );
  const others = ["settings", "settings/repos", "settings/clusters", "settings/projects", "user-info", "help"];
  for (const [name, path] of [...views, ...others.map((path) => [path.replace("/", "-"), `/${path}`] as const)]) {
    await pages.open(path);
    await pages.see("//*[contains(@class,'page__top-bar')]");
    await pages.screenshot(name);
  }
}

/** Edits a Deployment by hand, finds the edit in the difference, and syncs. @returns seconds from the click to the old state */
async function syncEdit(pages: ArgoCdPages, see: (line: string) => void): Promise<number> {
  const replicas = async (): Promise<number> =>
    (await kubectlJson<{ spec: { replicas: number } }>("get", "deployment", "web", "-n", "web")).spec.replicas;
  const wanted = await replicas();
  await kubectl("scale", "deployment", "web", "-n", "web", `--replicas=${wanted + 1}`);
  await eventually("the edit is noticed", 30, async () =>
    assert.equal((await application("web")).status?.sync?.status, "OutOfSync"),
  );
  await pages.open("/applications/argocd/web?view=tree");
  await pages.click(treeNode("deployment", "web"));
  await pages.click(tab("Diff"));
  const difference = "//*[contains(@class,'application-resources-diff')]";
  await pages.seeText(`${difference}//*[contains(@class,'diff-code-delete')]`, new RegExp(`replicas: ${wanted + 1}`));
  await pages.seeText(`${difference}//*[contains(@class,'diff-code-insert')]`, new RegExp(`replicas: ${wanted}`));
  await pages.screenshot("diff");
  see(`the hand edit is shown: replicas ${wanted + 1}, in Git ${wanted}`);

  await pages.open("/applications/argocd/web?view=tree&deploy=all");
  await pages.see("//*[@qe-id='application-sync-panel-button-synchronize']");
  await pages.screenshot("sync-panel");
  await pages.click("//*[@qe-id='application-sync-panel-button-synchronize']");
  const synced = await eventually("the Deployment is as in Git", 60, async () =>
    assert.equal(await replicas(), wanted),
  );
  await pages.seeText("//*[contains(@class,'application-status-panel')]", /Synced/);
  await pages.screenshot("synced");
  return synced.seconds;
}

/** Lets hand edits stay: neither the application nor the root, which would restore it, heals itself meanwhile. */
async function withoutAutomation<T>(work: () => Promise<T>): Promise<T> {
  const policies = new Map<string, unknown>();
  const patch = (name: string, automated: unknown): Promise<string> =>
    kubectl(
      ...["patch", "application", name, "--namespace", "argocd", "--type=merge"],
      ...["--patch", JSON.stringify({ spec: { syncPolicy: { automated } } })],
    );
  try {
    for (const name of [ROOT, "web"]) {
      const { spec } = await kubectlJson<Automated>("get", "application", name, "--namespace", "argocd");
      assert.ok(spec.syncPolicy?.automated, `${name} has no automation`);
      policies.set(name, spec.syncPolicy.automated);
      await patch(name, null);
    }
    return await work();
  } finally {
    for (const [name, automated] of [...policies].reverse()) await patch(name, automated);
  }
}

async function childrenOf(name: string): Promise<readonly string[]> {
  const children = ((await application(name)).status?.resources ?? []).filter(({ kind }) => kind === "Application");
  assert.ok(children.length >= 2, `${name} has ${children.length} children`);
  return children.map((child) => child.name);
}

function treeNode(kind: string, name: string): string {
  return `//*[contains(@class,'application-resource-tree__node--${kind}')][.//*[contains(@class,'node-title')][normalize-space()='${name}']]`;
}

function tab(title: string): string {
  return `//*[contains(@class,'tabs__nav')]//a[normalize-space()='${title}']`;
}
