/**
 * What ApplicationSets make: with the real helm for Go templates. Expectations are Argo CD 2.7's and 2.13's own rules. Not
 * proved here: that Argo CD does the same (drills).
 */
import { beforeAll, describe, expect, test } from "vitest";
import { type Environment, renderEnvironment } from "../environments";
import { readFiles } from "../files";
import { loadRenderers } from "../renderers";
import type { Renderers } from "../rendering";
import { cacheDirectory } from "@gitops-platform/mirror/cache-directory";
import { files } from "./fixture";

let renderers: Renderers;

beforeAll(async () => {
  renderers = await loadRenderers(cacheDirectory(), () => undefined);
}, 600_000);

const URL = "ssh://git@git.example.org/infra.git";
const GIT = `repoURL: '${URL}'`;

const configMap = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "${name}" }\ndata: { key: x }\n`;

const FILES: Readonly<Record<string, string>> = {
  "apps/one/a.yaml": configMap("one"),
  "apps/two/a.yaml": configMap("two"),
  "apps/two/config.json":
    '{"name": "second", "nested": {"key": "v"}, "count": 1000000, "big": 12, "off": null, "list": ["x"]}',
  "apps/off/a.yaml": configMap("off"),
  "apps/.hidden/a.yaml": configMap("hidden"),
  "envs.yaml": "- { env: stg, apps: [one, two] }\n- { env: prd, apps: [one] }\n",
};

/** Follows a root with one ApplicationSet: its generators, the names and paths of what they make, and other settings. */
async function expand(generators: string, name: string, path: string, more = ""): Promise<Environment> {
  const set = `apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: { name: all, namespace: argocd }
spec:
  ${more}
  generators: ${generators}
  template:
    metadata: { name: '${name}' }
    spec:
      project: default
      source: { ${GIT}, path: '${path}' }
      destination: { server: https://kubernetes.default.svc, namespace: team }
`;
  const repository = files({ ...FILES, "root/set.yaml": set });
  return renderEnvironment({ renderers, repository, content: readFiles(repository), name: "test", rootPath: "root" });
}

/** `one: apps/one` for every Application. */
function made({ applications }: Environment): string[] {
  return applications.map(({ name, sources }) => `${name}: ${sources[0]?.path ?? ""}`);
}

const GO = "goTemplate: true";
const list = (elements: string): string => `list: { elements: [${elements}] }`;
const folders = `git: { ${GIT}, directories: [{ path: 'apps/*' }] }`;

describe("ApplicationSets make what their generators yield", () => {
  const cases: readonly (readonly [string, string, string, string, readonly string[], string?])[] = [
    [
      "list",
      `[{ ${list("{ app: one }, { app: two }")} }]`,
      "{{app}}",
      "apps/{{ app }}",
      ["one: apps/one", "two: apps/two"],
    ],
    [
      "git directories, some excluded",
      `[{ git: { ${GIT}, directories: [{ path: apps/off, exclude: true }, { path: 'apps/*' }] } }]`,
      "{{path.basename}}",
      "{{path}}",
      ["one: apps/one", "two: apps/two"],
    ],
    [
      "git files: nested keys, and numbers as Go prints them",
      `[{ git: { ${GIT}, files: [{ path: 'apps/**/config.json' }] } }]`,
      "{{name}}-{{nested.key}}-{{list.0}}-{{big}}-{{count}}",
      "{{path}}",
      ["second-v-x-12-1e+06: apps/two"],
    ],
    [
      "git files with Go templates, below a folder, with values and a prefix",
      `[{ git: { ${GIT}, pathParamPrefix: at, files: [{ path: apps/two/config.json }], values: { big: 'v{{ .big }}' } } }]`,
      "{{ .name }}-{{ .values.big }}-{{ .at.path.basename }}",
      "{{ .at.path.path }}",
      ["second-v12-two: apps/two"],
      GO,
    ],
    [
      "clusters: the one that Argo CD runs in, with values",
      "[{ clusters: { values: { app: one } } }]",
      "{{name}}-{{values.app}}",
      "apps/{{values.app}}",
      ["in-cluster-one: apps/one"],
    ],
    [
      "matrix, whose second generator uses what the first yields",
      `[{ matrix: { generators: [{ ${list("{ dir: apps, env: stg }")} }, { git: { ${GIT}, directories: [{ path: '{{dir}}/o*' }] } }] } }]`,
      "{{env}}-{{path[1]}}",
      "{{path}}",
      ["stg-off: apps/off", "stg-one: apps/one"],
    ],
    [
      "matrix with elementsYaml",
      `[{ matrix: { generators: [{ git: { ${GIT}, files: [{ path: envs.yaml }] } }, { list: { elementsYaml: '[{{ range .apps }}{app: {{ . }}},{{ end }}]' } }] } }]`,
      "{{ .env }}-{{ .app }}",
      "apps/{{ .app }}",
      ["stg-one: apps/one", "stg-two: apps/two", "prd-one: apps/one"],
      GO,
    ],
    [
      "matrix of Go templates: of a name that both yield, the first one's counts",
      `[{ matrix: { generators: [{ ${list("{ a: first, m: { k: 1 } }")} }, { ${list("{ a: second, m: { k: 2, l: 3 } }")} }] } }]`,
      "{{ .a }}-{{ .m.k }}-{{ .m.l }}",
      "apps/one",
      ["first-1-3: apps/one"],
      GO,
    ],
    [
      "matrix of the cluster and folders",
      `[{ matrix: { generators: [{ clusters: {} }, { ${folders} }], template: { metadata: {}, spec: {} } } }]`,
      "{{name}}-{{path.basename}}",
      "{{path}}",
      ["in-cluster-off: apps/off", "in-cluster-one: apps/one", "in-cluster-two: apps/two"],
    ],
    [
      "merge: over the first generator's sets only",
      `[{ merge: { mergeKeys: [app], generators: [{ ${list("{ app: one, env: a }, { app: two, env: a }")} }, { ${list("{ app: two, env: b }, { app: 'off', env: b }")} }] } }]`,
      "{{app}}-{{env}}",
      "apps/{{app}}",
      ["one-a: apps/one", "two-b: apps/two"],
    ],
    [
      "merge of Go templates: what is empty overrides nothing, maps are merged",
      `[{ merge: { mergeKeys: [app], generators: [{ ${list("{ app: one, env: a, m: { k: 1, l: 1 } }")} }, { ${list("{ app: one, env: '', m: { l: 2 } }")} }] } }]`,
      "{{ .app }}-{{ .env }}-{{ .m.k }}-{{ .m.l }}",
      "apps/one",
      ["one-a-1-2: apps/one"],
      GO,
    ],
    [
      "merge of a matrix, by several keys",
      `[{ merge: { mergeKeys: [env, path], generators: [{ matrix: { generators: [{ ${list("{ env: stg, rank: a }")} }, { ${folders} }] } }, { ${list("{ env: stg, path: apps/one, rank: b }")} }] } }]`,
      "{{rank}}-{{path.basename}}",
      "{{path}}",
      ["a-off: apps/off", "b-one: apps/one", "a-two: apps/two"],
    ],
    [
      "matrix of a matrix",
      `[{ matrix: { generators: [{ matrix: { generators: [{ ${list("{ a: x }")} }, { ${list("{ b: 'y' }")} }] } }, { ${folders} }] } }]`,
      "{{a}}-{{b}}-{{path.basename}}",
      "{{path}}",
      ["x-y-off: apps/off", "x-y-one: apps/one", "x-y-two: apps/two"],
    ],
    [
      "selector: labels",
      `[{ ${list("{ app: one, env: a }, { app: two, env: b }")}, selector: { matchLabels: { env: b } } }]`,
      "{{app}}",
      "apps/{{app}}",
      ["two: apps/two"],
    ],
    [
      "selector: expressions on nested names and numbers",
      `[{ ${list("{ app: one, m: { k: 1 } }, { app: two, m: { k: 2 }, gone: true }, { app: 'off' }")}, selector: { matchExpressions: [{ key: m.k, operator: In, values: ['1', '2'] }, { key: gone, operator: DoesNotExist }] } }]`,
      "{{ .app }}",
      "apps/{{ .app }}",
      ["one: apps/one"],
      GO,
    ],
    [
      "selector: of a generator in a matrix, and of the matrix",
      `[{ matrix: { generators: [{ ${list("{ e: a }, { e: b }")}, selector: { matchExpressions: [{ key: e, operator: NotIn, values: [a] }] } }, { ${folders} }] }, selector: { matchExpressions: [{ key: path.basename, operator: NotIn, values: ['off'] }, { key: e, operator: Exists }] } }]`,
      "{{e}}-{{path.basename}}",
      "{{path}}",
      ["b-one: apps/one", "b-two: apps/two"],
    ],
    [
      "selector two levels down, where it is turned on",
      `[{ matrix: { generators: [{ matrix: { generators: [{ ${list("{ a: x }, { a: z }")}, selector: { matchLabels: { a: x } } }, { ${list("{ b: 'y' }")} }] } }, { ${list("{ app: one }")} }] } }]`,
      "{{a}}-{{b}}",
      "apps/{{app}}",
      ["x-y: apps/one"],
      "applyNestedSelectors: true",
    ],
    [
      "the generator's own template, where it says something",
      `[{ list: { elements: [{ app: one }], template: { metadata: { name: 'own-{{app}}' }, spec: { project: '', destination: {}, source: { repoURL: '', path: 'apps/{{app}}' } } } } }, { ${list("{ app: two }")} }]`,
      "{{app}}",
      "apps/off",
      ["own-one: apps/one", "two: apps/off"],
    ],
    [
      "Go templates with functions",
      `[{ git: { ${GIT}, directories: [{ path: apps/one }] } }]`,
      '{{ .path.basename | upper | lower }}-{{ index .path.segments 0 }}-{{ default "d" .none }}-{{ if .none }}x{{ else }}y{{ end }}',
      "{{ .path.path }}",
      ["one-apps-d-y: apps/one"],
      GO,
    ],
    [
      "Go templates with Argo CD's own function, wherever it stands",
      `[{ ${list("{ name: 'Team_One.' }")} }]`,
      '{{ .name | normalize }}-{{ normalize .name }}-{{ "normalize" }}',
      "apps/one",
      ["team-one-team-one-normalize: apps/one"],
      `${GO}\n  goTemplateOptions: ["missingkey=error"]`,
    ],
    [
      "a patch of the template",
      `[{ ${list("{ app: one, to: two }, { app: 'off' }")} }]`,
      "{{ .app }}",
      "apps/{{ .app }}",
      ["one: apps/two", "off: apps/off"],
      `${GO}\n  templatePatch: |\n    {{- if .to }}\n    spec: { source: { path: apps/{{ .to }} } }\n    {{- end }}`,
    ],
    [
      "no set of parameters: the template as it is",
      "[{ list: { elements: [{}] } }]",
      "one",
      "apps/one",
      ["one: apps/one"],
    ],
  ];
  test.each(cases.map((row) => ({ title: row[0], row })))("$title", async ({ row }) => {
    const [, generators, name, path, expected, more] = row;
    const environment = await expand(generators, name, path, more);
    expect(environment.findings).toEqual([]);
    expect(environment.unseen.filter(({ reason }) => !reason.includes("in-cluster only"))).toEqual([]);
    expect(made(environment)).toEqual(expected);
  });
});

describe("what Argo CD refuses of an ApplicationSet is a finding", () => {
  const cases: readonly (readonly [string, string, string, string, string?])[] = [
    [
      "a name that no generator yields",
      `[{ ${list("{ app: one }")} }]`,
      "{{app}}-{{cluster}}",
      "no generator yields {{cluster}}; correct the name",
    ],
    [
      "the same with Go templates",
      `[{ ${list("{ app: one }")} }]`,
      "{{ .cluster }}",
      "no generator yields a name of the template; correct the name",
      GO,
    ],
    [
      "the same where it is an error",
      `[{ ${list("{ app: one }")} }]`,
      "{{ if .cluster }}x{{ end }}y",
      "can't be evaluated: no generator yields .cluster, and goTemplateOptions refuse that; correct it",
      `${GO}\n  goTemplateOptions: ["missingkey=error"]`,
    ],
    [
      "a value that is no text",
      `[{ ${list("{ app: 1 }")} }]`,
      "{{app}}",
      "can't be evaluated: the list's app is 1, and without goTemplate it has to be text; correct it",
    ],
    [
      "a merge without keys",
      `[{ merge: { generators: [{ ${folders} }, { ${folders} }] } }]`,
      "a",
      "can't be evaluated: a merge has no mergeKeys; correct it",
    ],
    [
      "a merge whose keys are not unique",
      `[{ merge: { mergeKeys: [e], generators: [{ ${list("{ e: a, f: b }, { e: a, f: c }")} }, { ${folders} }] } }]`,
      "a",
      'can\'t be evaluated: a generator of a merge yields e ["a"] twice; correct it',
    ],
    [
      "a matrix of three",
      `[{ matrix: { generators: [{ ${folders} }, { ${folders} }, { ${folders} }] } }]`,
      "a",
      "can't be evaluated: a matrix has 3 generators, and needs two; correct it",
    ],
    [
      "a matrix with one name and two values",
      `[{ matrix: { generators: [{ ${list("{ e: a }")} }, { ${list("{ e: b }")} }] } }]`,
      "a",
      "can't be evaluated: both generators of a matrix yield e, with different values; correct it",
    ],
    [
      "a selector on what is no label",
      `[{ ${folders}, selector: { matchLabels: { 'path[0]': apps } } }]`,
      "a",
      "can't be evaluated: the selector's key path[0] is no name of a label; correct it",
    ],
    [
      "a selector with an unknown operator",
      `[{ ${folders}, selector: { matchExpressions: [{ key: a, operator: Is }] } }]`,
      "a",
      "can't be evaluated: the selector's operator Is is none of In, NotIn, Exists, DoesNotExist; correct it",
    ],
    [
      "one name twice",
      `[{ ${list("{ app: one }, { app: two }")} }]`,
      "same",
      "makes the Application same twice, and Argo CD takes the first; make the names differ",
    ],
    [
      "nothing",
      `[{ git: { ${GIT}, directories: [{ path: 'nowhere/*' }] } }]`,
      "a",
      "a generator yields nothing; correct its elements or paths",
    ],
  ];
  test.each(cases.map((row) => ({ title: row[0], row })))("$title", async ({ row }) => {
    const [, generators, name, expected, more] = row;
    const { findings } = await expand(generators, name, "apps/one", more);
    expect(findings).toEqual([
      { rule: "render", place: "root", object: "ApplicationSet argocd/all", field: "spec.generators", text: expected },
    ]);
  });
});

describe("what is known to Argo CD alone is named", () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      "another generator",
      "[{ scmProvider: { github: { organization: example } } }]",
      "{{repository}}",
      "the generator scmProvider isn't followed",
    ],
    [
      "another one inside of a merge",
      `[{ merge: { mergeKeys: [path], generators: [{ ${folders} }, { plugin: {} }] } }]`,
      "{{path}}",
      "the generator plugin isn't followed",
    ],
    [
      "clusters by their labels",
      "[{ clusters: { selector: { matchLabels: { env: stg } } } }]",
      "{{name}}",
      "the generator clusters with a selector isn't followed",
    ],
    [
      "labels of the own cluster",
      "[{ clusters: {} }]",
      "{{metadata.labels.env}}",
      "its generator clusters isn't followed: the cluster has no {{metadata.labels.env}}",
    ],
    [
      "another repository's folders",
      "[{ git: { repoURL: 'https://git.example.org/other.git', directories: [{ path: '*' }] } }]",
      "{{path}}",
      "the generator git of https://git.example.org/other.git isn't followed",
    ],
    [
      "another revision",
      `[{ git: { ${GIT}, revision: v1, directories: [{ path: apps/one }] } }]`,
      "{{path.basename}}",
      "its generator git follows v1; the files that are here were looked at",
    ],
    [
      "a selector without effect",
      `[{ matrix: { generators: [{ matrix: { generators: [{ ${list("{ a: x }")}, selector: { matchLabels: { a: 'y' } } }, { ${list("{ b: 'y' }")} }] } }, { ${list("{ app: one }")} }] } }]`,
      "{{a}}",
      "a selector two levels down has no effect without applyNestedSelectors; what it would leave out was looked at",
    ],
  ];
  test.each(cases)("%s", async (_name, generators, name, expected) => {
    const { findings, unseen } = await expand(generators, name, "apps/one");
    expect(findings).toEqual([]);
    expect(unseen).toEqual([{ object: "ApplicationSet all", reason: expected }]);
  });

  test("a selector that leaves nothing is no finding", async () => {
    const environment = await expand(
      `[{ ${list("{ app: one }")}, selector: { matchLabels: { app: x } } }]`,
      "{{app}}",
      "apps/one",
    );
    expect([environment.findings, environment.unseen, environment.applications]).toEqual([[], [], []]);
  });
});
