// The starter repository renders, for every environment and with everything in it that is off: with the kubectl that the
// mirror has. Does not prove that a cluster takes it: the drills do, for what is on.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { MirrorLayout } from "@gitops-platform/mirror/publish/layout";
import { cacheDirectory } from "@gitops-platform/mirror/cache-directory";
import { root } from "../../scripts/lib/paths";

interface Rendered {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly project?: string;
    readonly sourceRepos?: readonly string[];
    readonly source?: { readonly repoURL: string; readonly path?: string; readonly targetRevision: string };
    readonly destination?: { readonly namespace: string };
    readonly destinations?: readonly { readonly namespace: string }[];
    readonly clusterResourceWhitelist?: readonly AllowedKind[];
    readonly namespaceResourceWhitelist?: readonly AllowedKind[];
  };
}

interface AllowedKind {
  readonly group: string;
  readonly kind: string;
}

const ENVIRONMENTS = { local: "applications", staging: "applications/staging", production: "applications/production" };
const CLUSTER_SCOPED = ["APIService", "ClusterRole", "ClusterRoleBinding", "Namespace", "StorageClass"];

let starter: string;
beforeAll(() => {
  starter = mkdtempSync(join(tmpdir(), "starter-"));
  cpSync(join(root, "gitops"), starter, { recursive: true });
  const base = join(starter, "applications/base/kustomization.yaml");
  writeFileSync(base, readFileSync(base, "utf8").replaceAll(/^ {2}# - (\.\.\/optional)/gm, "  - $1"));
  // What each environment seals for itself.
  for (const kustomization of readdirSync(starter, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith("kustomization.yaml"),
  )) {
    if (!readFileSync(join(starter, kustomization), "utf8").includes("- sealed-secret.yaml")) continue;
    const sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: sealed\n";
    writeFileSync(join(starter, kustomization, "..", "sealed-secret.yaml"), sealed);
  }
});
afterAll(() => rmSync(starter, { recursive: true }));

function render(path: string): Rendered[] {
  const kubectl = join(new MirrorLayout(cacheDirectory()).bin, "kubectl");
  const text = execFileSync(kubectl, ["kustomize", join(starter, path)], { encoding: "utf8" });
  return parseAllDocuments(text).map((document) => document.toJS() as Rendered);
}

describe.each(Object.entries(ENVIRONMENTS))("in %s", (environment, path) => {
  it("every child has its namespace and its project before it, and deploys from one place", () => {
    const objects = render(path);
    const of = (kind: string): Rendered[] => objects.filter((object) => object.kind === kind);
    const children = of("Application");
    expect(children.map(({ metadata }) => metadata.name).sort()).toEqual(
      readdirSync(join(starter, "apps")).sort(), // optional ones, too
    );
    for (const { metadata, spec } of children) {
      const project = of("AppProject").find(({ metadata: { name } }) => name === spec?.project);
      expect(project?.spec?.sourceRepos, metadata.name).toEqual([spec?.source?.repoURL]);
      expect(project?.spec?.destinations?.[0]?.namespace).toBe(spec?.destination?.namespace);
      const namespace = of("Namespace").find(({ metadata: { name } }) => name === spec?.destination?.namespace);
      expect(namespace?.metadata.labels?.["pod-security.kubernetes.io/enforce"], metadata.name).toBeDefined();
      for (const fence of [project, namespace])
        expect(fence?.metadata.annotations?.["argocd.argoproj.io/sync-wave"]).toBe("-1");
      if (metadata.labels?.["from"] === "chart") expect(spec?.source?.targetRevision).toMatch(/^\d+\.\d+\.\d+$/);
      else expect(spec?.source?.path).toBe(`apps/${metadata.name}/overlays/${environment}`);
    }
  });

  it("what a child deploys is what its project allows, in the namespaces that it names", () => {
    const objects = render(path);
    for (const { metadata, spec } of objects.filter(({ kind }) => kind === "Application")) {
      if (spec?.source?.path === undefined) continue;
      const project = objects.find(({ kind, metadata: { name } }) => kind === "AppProject" && name === spec.project);
      const namespaces = project?.spec?.destinations?.map(({ namespace }) => namespace);
      const kinds = (allowed?: readonly AllowedKind[]): string[] => (allowed ?? []).map(({ kind }) => kind);
      for (const deployed of render(spec.source.path)) {
        const clusterScoped = CLUSTER_SCOPED.includes(deployed.kind);
        const { clusterResourceWhitelist, namespaceResourceWhitelist } = project?.spec ?? {};
        expect(kinds(clusterScoped ? clusterResourceWhitelist : namespaceResourceWhitelist), metadata.name).toContain(
          deployed.kind,
        );
        if (!clusterScoped) expect(namespaces).toContain(deployed.metadata.namespace ?? spec.destination?.namespace);
      }
    }
  });
});

it("what is off has docs of its own", () => {
  for (const name of readdirSync(join(starter, "applications/optional")))
    expect(existsSync(join(starter, "apps", name, "README.md")), name).toBe(true);
});
