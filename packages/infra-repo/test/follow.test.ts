/**
 * Where check-gitops follows Applications to, and that what it finds there is judged as it would be applied: with the real
 * kustomize and helm. Not proved here: that Argo CD does the same (drills).
 */
import { beforeAll, describe, expect, test } from "vitest";
import { type Environment, renderEnvironment } from "../environments";
import { readFiles } from "../files";
import { nameOf } from "../rendered";
import { loadRenderers } from "../renderers";
import type { Renderers } from "../rendering";
import { clearKeys } from "../plain-secrets";
import { rootPaths, testData } from "../roots";
import { cacheDirectory } from "@gitops-platform/mirror/cache-directory";
import { files } from "./fixture";

let renderers: Renderers;

beforeAll(async () => {
  renderers = await loadRenderers(cacheDirectory(), () => undefined);
}, 600_000);

const URL = "ssh://git@git.example.org/infra.git";
const DESTINATION = "destination: { server: https://kubernetes.default.svc, namespace: team }";

/** An Application with some text for its source or sources. */
function application(name: string, source: string, destination = DESTINATION): string {
  return `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: { name: ${name}, namespace: argocd }
spec:
  project: default
  ${source}
  ${destination}
---
`;
}

const configMap = (name: string, value = "x"): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "${name}" }\ndata: { key: "${value}" }\n`;
const ours = (path: string, more = ""): string => `source: { repoURL: "${URL}", path: ${path}${more} }`;

async function follow(contents: Readonly<Record<string, string>>, rootPath = "root"): Promise<Environment> {
  const repository = files(contents);
  const content = readFiles(repository);
  return renderEnvironment({ renderers, repository, content, name: "test", rootPath });
}

/** `team: ConfigMap team/a` for every object that isn't the root's. */
function followed({ parts }: Environment): string[] {
  return parts
    .filter(({ name }) => name !== "root")
    .flatMap(({ name, objects }) => objects.map((object) => `${name}: ${nameOf(object)}`));
}

describe("Applications are followed", () => {
  test("through Applications, to any depth, and a circle ends", async () => {
    const environment = await follow({
      "root/team.yaml": application("team", ours("team")) + application("root", ours("root")),
      "team/kustomization.yaml": "resources: [leaf.yaml]\n",
      "team/leaf.yaml": application("leaf", ours("workloads/leaf")) + application("team", ours("team")),
      "workloads/leaf/kustomization.yaml": "resources: [a.yaml]\n",
      "workloads/leaf/a.yaml": configMap("a"),
    });
    expect(environment.findings).toEqual([]);
    expect(followed(environment)).toEqual([
      "team: Application argocd/leaf",
      "team: Application argocd/team",
      "leaf: ConfigMap team/a",
    ]);
  });

  test("a path that doesn't exist is a finding at the Application", async () => {
    const { findings } = await follow({
      "root/apps.yaml": application("a", ours("a")) + application("b", ours("b")),
      "a/a.yaml": configMap("a"),
    });
    expect(findings).toEqual([
      {
        rule: "render",
        place: "root",
        object: "Application argocd/b",
        field: "spec.source.path",
        text: "b is no folder here; add it, or correct the path",
      },
    ]);
  });

  test("every source of spec.sources, with values of one in the chart of another", async () => {
    const environment = await follow({
      "root/app.yaml": application(
        "web",
        `sources:
    - { repoURL: "${URL}", path: plain }
    - { repoURL: "${URL}", path: chart, helm: { valueFiles: [$values/settings/values.yaml] } }
    - { repoURL: "${URL}", targetRevision: HEAD, ref: values }
    - { repoURL: https://charts.example.org, chart: prometheus, targetRevision: 15.7.1 }
    - { repoURL: https://git.example.org/other.git, path: deploy, targetRevision: v1.0.0 }`,
      ),
      "plain/a.yaml": configMap("a"),
      "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 0.1.0\n",
      "chart/templates/cm.yaml":
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }}-{{ .Values.word }} }\n",
      "settings/values.yaml": "word: from-settings\n",
    });
    expect(environment.findings).toEqual([]);
    expect(followed(environment)).toEqual(["web: ConfigMap team/a", "web: ConfigMap team/web-from-settings"]);
    expect(environment.unseen.map(({ object, reason }) => `${object}: ${reason}`)).toEqual([
      "Application web: the chart prometheus comes from https://charts.example.org",
      "Application web: it comes from https://git.example.org/other.git",
    ]);
  });

  test("to another cluster, whose Applications are named and not followed", async () => {
    const elsewhere = "destination: { name: edge, namespace: argocd }";
    const environment = await follow({
      "root/app.yaml": application("edge", ours("edge"), elsewhere),
      "edge/app.yaml": application("inner", ours("edge")),
    });
    expect(environment.unseen).toEqual([
      { object: "Application inner", reason: "it goes to the cluster edge, whose Argo CD follows it" },
    ]);
  });
});

describe("a source is rendered as its settings say", () => {
  const cases: readonly [string, string, Readonly<Record<string, string>>, readonly string[]][] = [
    [
      "kustomize: prefix, suffix, labels, images; what the folder has is replaced, not doubled",
      ours(
        "app",
        ", kustomize: { namePrefix: stg-, nameSuffix: -1, commonLabels: { env: stg }, images: ['example.org/web:2'] }",
      ),
      {
        "app/kustomization.yaml": "namePrefix: old-\nresources: [../base]\n",
        "base/kustomization.yaml": "resources: [pod.yaml]\n",
        "base/pod.yaml":
          "apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: web, image: 'example.org/web:1' }] }\n",
      },
      ["web: Pod team/stg-web-1"],
    ],
    [
      "a plain folder: not what is below it",
      ours("app"),
      {
        "app/a.yaml": configMap("a"),
        "app/b.json": '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}',
        "app/below/c.yaml": configMap("c"),
      },
      ["web: ConfigMap team/a", "web: ConfigMap team/b"],
    ],
    [
      "a plain folder with recurse, exclude, lists and files to skip",
      ours("app", ", directory: { recurse: true, exclude: '{b.yaml,*/skip.yaml}' }"),
      {
        "app/b.yaml": configMap("b"),
        "app/below/skip.yaml": configMap("s"),
        "app/below/c.yaml":
          "apiVersion: v1\nkind: List\nitems:\n- { apiVersion: v1, kind: ConfigMap, metadata: { name: c } }\n",
        "app/below/d.yaml": `# +argocd:skip-file-rendering\n${configMap("d")}`,
      },
      ["web: ConfigMap team/c"],
    ],
    [
      "helm: release name, values in order, parameters, CustomResourceDefinitions",
      ours(
        "app",
        ", helm: { releaseName: rel, valueFiles: [stg.yaml], values: 'a: inline', parameters: [{ name: c, value: 'x,y' }] }",
      ),
      {
        "app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
        "app/values.yaml": "a: default\nb: default\nc: default\n",
        "app/stg.yaml": "a: file\nb: file\n",
        "app/templates/cm.yaml":
          'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }}-{{ .Values.a }}-{{ .Values.b }}-{{ .Values.c | replace "," "-" }} }\n',
        "app/crds/w.yaml":
          "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: ws.example.org }\nspec: { group: example.org, scope: Cluster, names: { kind: W, plural: ws }, versions: [{ name: v1, served: true, storage: true }] }\n",
        "app/templates/w.yaml": "apiVersion: example.org/v1\nkind: W\nmetadata: { name: w }\n",
      },
      ["web: CustomResourceDefinition ws.example.org", "web: ConfigMap team/rel-inline-file-x-y", "web: W w"],
    ],
    [
      "helm: what a chart has for a cluster that serves a kind",
      ours("app"),
      {
        "app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
        "app/templates/cm.yaml": ["policy/v1/PodDisruptionBudget", "apps/v1", "example.org/v1"]
          .map((name) => `{{ if .Capabilities.APIVersions.Has "${name}" }}\n---\n${configMap(name)}{{ end }}\n`)
          .join(""),
      },
      ["web: ConfigMap team/policy/v1/PodDisruptionBudget", "web: ConfigMap team/apps/v1"],
    ],
    [
      "settings in the folder: .argocd-source-<name>.yaml",
      ours("app"),
      {
        "app/kustomization.yaml": "resources: [a.yaml]\n",
        "app/a.yaml": configMap("a"),
        "app/.argocd-source-web.yaml": "kustomize: { namePrefix: pre- }\n",
      },
      ["web: ConfigMap team/pre-a"],
    ],
  ];
  test.each(cases)("%s", async (_name, source, contents, expected) => {
    const environment = await follow({ "root/app.yaml": application("web", source), ...contents });
    expect(environment.findings).toEqual([]);
    expect(followed(environment)).toEqual(expected);
  });

  const unseen: readonly [string, string, Readonly<Record<string, string>>, string][] = [
    ["a plugin", ours("app", ", plugin: { name: p }"), {}, "Application web: app: a plugin renders it"],
    [
      "Jsonnet",
      ours("app"),
      { "app/x.jsonnet": "{}" },
      "Application web: app: x.jsonnet is Jsonnet, and isn't evaluated",
    ],
    [
      "a chart that needs a chart from elsewhere",
      ours("app"),
      {
        "app/Chart.yaml":
          "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n- { name: redis, version: 1.0.0, repository: 'https://charts.example.org' }\n",
      },
      "Application web: app: it needs the chart redis from https://charts.example.org",
    ],
    [
      "another revision of the repository",
      `source: { repoURL: "${URL}", path: app, targetRevision: v1.2.3 }`,
      {},
      "Application web: it follows v1.2.3; the files that are here were looked at",
    ],
  ];
  test.each(unseen)("what can't be rendered here is named: %s", async (_name, source, contents, expected) => {
    const environment = await follow({
      "root/app.yaml": application("web", source),
      "app/a.yaml": configMap("a"),
      ...contents,
    });
    expect(environment.findings).toEqual([]);
    expect(environment.unseen.map(({ object, reason }) => `${object}: ${reason}`)).toEqual([expected]);
  });
});

test("root paths are found: what a kustomization takes up, or leaves out, is none of its own", () => {
  const repository = files({
    "clusters/prod/kustomization.yaml": "resources: [../../bases/apps.yaml, one.yaml]\n",
    "clusters/prod/one.yaml": application("one", ours("a")),
    "clusters/prod/off.yaml": application("off", ours("a")),
    "bases/apps.yaml": application("two", ours("a")),
    "optional/kustomization.yaml": "kind: Component\nresources: [three.yaml]\n",
    "optional/three.yaml": application("three", ours("a")),
    "plain/four.yaml": application("four", ours("a")),
    "bootstrap/Chart.yaml": "apiVersion: v2\nname: bootstrap\nversion: 0.1.0\n",
    "bootstrap/templates/apps.yaml": "{{ range .Values.apps }}\nkind: Application\n{{ end }}\n",
    "a/a.yaml": configMap("a"),
  });
  expect([...rootPaths(repository, readFiles(repository)).values()]).toEqual(["bootstrap", "clusters/prod", "plain"]);
});

test("a failed rendering says the error, not the warnings before it", async () => {
  const { findings } = await follow({
    "root/app.yaml": application("web", ours("app")),
    "app/kustomization.yaml":
      "bases: [../base]\npatchesStrategicMerge:\n- |\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: { name: other }\npatchesJson6902: []\n",
    "base/kustomization.yaml": "resources: [a.yaml]\n",
    "base/a.yaml": configMap("a"),
  });
  expect(findings.map(({ place, text }) => `${place}: ${text}`)).toEqual([
    expect.stringMatching(
      /^app: can't be rendered: no (resource )?matches.*ConfigMap.*other.*; correct the file and render again$/,
    ),
  ]);
});

describe("what can't be had here hides nothing else", () => {
  test("remote bases, by every spelling, are left out and named", async () => {
    const remote = ["github.com/example/one/deploy", "https://raw.example.invalid/two.yaml", "git@git.invalid:a/b.git"];
    const { findings, unseen, ...environment } = await follow({
      "root/app.yaml": application("web", ours("app")),
      "app/kustomization.yaml": `resources: [a.yaml, "${remote.join('", "')}", below]\n`,
      "app/a.yaml": configMap("a"),
      "app/below/kustomization.yaml": "resources: [b.yaml]\n",
      "app/below/b.yaml": configMap("b"),
    });
    expect(findings).toEqual([]);
    expect(followed({ ...environment, findings, unseen })).toEqual(["web: ConfigMap team/a", "web: ConfigMap team/b"]);
    const reasons = remote.map((base) => `app: its base ${base} can't be fetched from here`);
    expect(unseen.map(({ reason }) => reason).sort()).toEqual(reasons.sort());
  }, 60_000);

  test("what needs a remote base is left out as well, and Applications beside it are followed", async () => {
    const environment = await follow({
      "root/kustomization.yaml": "resources: [app.yaml, 'github.com/example/one/deploy', below]\n",
      "root/app.yaml": application("web", ours("app")),
      "root/below/kustomization.yaml": "patches: [{ target: { kind: Pod }, patch: '[{op: remove, path: /x}]' }]\n",
      "app/a.yaml": configMap("a"),
    });
    expect(followed(environment)).toEqual(["web: ConfigMap team/a"]);
    expect(environment.unseen.at(-1)?.reason).toBe("root: other folders that it lists don't render without that");
  }, 60_000);

  const chart =
    "helmCharts: [{ name: redis, repo: 'https://charts.example.org', version: 1.0.0 }]\nresources: [a.yaml]\n";
  test("a kustomization's chart is a finding, or named where the repository's Argo CD renders it", async () => {
    const contents = {
      "root/app.yaml": application("web", ours("app")),
      "app/kustomization.yaml": chart,
      "app/a.yaml": configMap("a"),
    };
    const refused = await follow(contents);
    expect(refused.findings.map(({ text }) => text)).toEqual([
      "can't be rendered: it has helmCharts (redis), which Argo CD renders only with kustomize.buildOptions: --enable-helm; an Application with chart: redis needs none; correct the file and render again",
    ]);
    const values = "configs: { cm: { kustomize.buildOptions: '--enable-helm' } }\n";
    const named = await follow({ ...contents, "argocd/values.yaml": values });
    expect(named.findings).toEqual([]);
    expect(named.unseen.map(({ reason }) => reason)).toEqual(["app: its chart redis isn't rendered here"]);
    for (const environment of [refused, named]) expect(followed(environment)).toEqual(["web: ConfigMap team/a"]);
  }, 60_000);

  test("a plain folder's broken file is a finding; what is no manifest is passed over", async () => {
    const environment = await follow({
      "root/app.yaml": application("web", ours("app")),
      "app/a.yaml": `${configMap("a")}kind: ConfigMap\n`,
      "app/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: b\n",
      "app/notes.yaml": "a: b: c\n",
      "app/values.yaml": "replicas: 2\n",
    });
    expect(environment.findings.map(({ place, text }) => `${place} ${text}`)).toEqual([
      expect.stringMatching(/^app can't be rendered: b\.yaml: /),
    ]);
    expect(followed(environment)).toEqual(["web: ConfigMap team/a"]);
  });
});

test("what Argo CD never applies isn't looked at: a chart's tests, hooks of other kinds", async () => {
  const hook = (name: string, annotation: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, annotations: { ${annotation} } }\n---\n`;
  const environment = await follow({
    "root/app.yaml": application("web", ours("app")),
    "app/a.yaml":
      hook("test", "helm.sh/hook: test") +
      hook("rollback", "helm.sh/hook: 'pre-rollback'") +
      hook("skip", "argocd.argoproj.io/hook: Skip") +
      hook("wrong", "argocd.argoproj.io/hook: Whenever") +
      hook("install", "helm.sh/hook: 'pre-install,test'") +
      hook("crd", "helm.sh/hook: crd-install") +
      hook("sync", "argocd.argoproj.io/hook: PostSync") +
      hook("plain", "a: b"),
  });
  expect(followed(environment)).toEqual(
    ["install", "crd", "sync", "plain"].map((name) => `web: ConfigMap team/${name}`),
  );
});

test("values that a chart makes anew each time are no values in clear", async () => {
  const environment = await follow({
    "root/app.yaml": application("web", ours("app")),
    "app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
    "app/templates/s.yaml":
      'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ndata:\n  made: {{ randAlphaNum 20 | b64enc }}\n  kept: {{ "hunter2" | b64enc }}\nstringData:\n  also: {{ randAlphaNum 9 }}\n',
  });
  const [secret] = environment.parts.find(({ name }) => name === "web")?.objects ?? [];
  expect(clearKeys(secret ?? {})).toEqual(["kept"]);
});

test("folders of test data are no root paths", () => {
  const repository = files({
    "x/tests/app.yaml": application("a", ours("b")),
    "x/test/app.yaml": application("a", ours("b")),
  });
  const content = readFiles(repository);
  expect([...rootPaths(repository, content).values()]).toEqual(["x/test"]);
  expect(testData(repository, content)).toEqual(["x/tests"]);
});

test("Applications and ApplicationSets of any form hide nothing else", async () => {
  const kind = (name: string, of: string, spec: string): string =>
    `apiVersion: argoproj.io/v1alpha1\nkind: ${of}\nmetadata: { name: ${name} }\nspec: ${spec}\n---\n`;
  const environment = await follow({
    "root/app.yaml":
      kind("a", "ApplicationSet", "{ generators: {}, template: 5 }") +
      kind("b", "ApplicationSet", "{ generators: [null, 3, { list: { elements: [1, null] } }], template: 5 }") +
      kind("c", "Application", "3") +
      kind("d", "Application", `{ source: { repoURL: '${URL}', path: app, helm: [1] } }`) +
      kind("e", "Application", `{ sources: 3, destination: x }`) +
      application("web", ours("app")),
    "app/a.yaml": configMap("a"),
  });
  expect(followed(environment)).toContain("web: ConfigMap team/a");
  expect(environment.findings.map(({ object }) => object)).toContain("ApplicationSet b");
});

test("one repository by several spellings of its address", async () => {
  const spellings = [
    "ssh://git@git.example.org:22/infra.git",
    "git@git.example.org:infra",
    "https://git.example.org:443/infra.git/",
  ];
  const environment = await follow({
    "root/app.yaml": spellings
      .map((url, index) => application(`app-${index}`, `source: { repoURL: "${url}", path: app }`))
      .join("---\n"),
    "app/a.yaml": configMap("a"),
  });
  expect(environment.unseen).toEqual([]);
  expect(followed(environment)).toEqual([0, 1, 2].map((index) => `app-${index}: ConfigMap team/a`));
});
