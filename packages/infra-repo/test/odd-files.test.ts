/** Files as real repositories have them: none hides the rest, and a Secret in clear is found in every form. */
import { execFileSync } from "node:child_process";
import { expect, describe, test } from "vitest";
import { readFiles } from "../files";
import { plainSecrets } from "../plain-secrets";
import { files } from "./fixture";

const GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: good }\n";

describe("an odd file is a finding with its line, and the rest is read", () => {
  const aliases = `x: &a [1]\nlist:\n${"  - *a\n".repeat(200)}`;
  const cases: readonly [string, string, string, string | undefined][] = [
    [
      "more aliases than a reader should follow",
      "odd.yaml",
      aliases,
      "odd.yaml:1 — its aliases make more copies than this check follows; correct it, or list",
    ],
    ["an alias that leads nowhere", "odd.yaml", "a: 1\nb: *gone\n", "odd.yaml:1 — Unresolved alias"],
    ["a tab", "odd.yaml", "a:\n\tb: 1\n", "odd.yaml:2 — Tabs are not allowed"],
    ["a key twice", "odd.yaml", "a: 1\nb: 2\na: 3\n", "odd.yaml:3 — Map keys must be unique"],
    ["the second document", "odd.yaml", "a: 1\n---\nb: [\n", "odd.yaml:4 — Flow sequence"],
    ["a broken manifest in JSON", "odd.json", '{"apiVersion": "v1",\n "kind": [ }', undefined],
    ["other programs' JSON with comments", "tsconfig.json", '{ // text\n "a": }', ""],
    ["empty documents", "odd.yaml", "---\n---\n# nothing\n", ""],
    ["a merge key and a tag", "odd.yaml", "a: &a { b: 1 }\nc: { <<: *a }\nd: !Ref e\n", ""],
    ["a byte order mark", "odd.yaml", "\ufeffa: 1\n", ""],
    ["braces that end at the key's indent", "odd.yaml", "a:\n  b: {\n  c: 1\n  }\nd: [\n1\n]\n", ""],
    ["quotes that go on at the key's indent", "odd.yaml", "a: 'x\ny'\n", ""],
    ["what git-crypt has locked", "odd.yaml", "\0GITCRYPT\0: [", ""],
    ["a name in capitals", "ODD.YAML", "a: [", "ODD.YAML:1 — Flow sequence"],
  ];
  test.each(cases)("%s", (_name, file, text, expected) => {
    const { documents, findings } = readFiles(files({ [file]: text, "zz.yaml": GOOD }));
    expect(documents.map((document) => document.content["kind"])).toContain("ConfigMap");
    const shown = findings.map(({ rule, place, text: problem }) => {
      expect(rule).toBe("yaml");
      return `${place} — ${problem.replace("can't be read as YAML: ", "")}`;
    });
    if (expected === undefined) expect(shown).toEqual([expect.stringMatching(/^odd\.json:\d/)]);
    else expect(shown.map((sentence) => sentence.slice(0, expected.length))).toEqual(expected === "" ? [] : [expected]);
  });
});

test("what Git ignores and chart templates are no documents", () => {
  const repository = files({
    "charts/x/Chart.yaml": "apiVersion: v2\nname: x\nversion: 0.1.0\n",
    "charts/x/templates/cm.yaml": "{{- if .Values.on }}\nkind: ConfigMap\n{{- end }}\n",
    "charts/x/charts/y/Chart.yaml": "apiVersion: v2\nname: y\nversion: 0.1.0\n",
    "charts/x/charts/y/templates/deep/cm.yaml": "{{ broken",
    "templates/own.yaml": GOOD,
    ".gitignore": "ignored/\n",
    "ignored/broken.yaml": "a: [",
  });
  const ownGit = files({ ".gitignore": "ignored/\n", "ignored/broken.yaml": "a: [", "own.yaml": GOOD });
  execFileSync("git", ["init", "--quiet", ownGit]);
  for (const folder of [repository, ownGit]) expect(readFiles(folder).findings).toEqual([]);
  expect(readFiles(repository).documents.map(({ file }) => file)).toEqual([
    "charts/x/Chart.yaml",
    "charts/x/charts/y/Chart.yaml",
    "templates/own.yaml",
  ]);
  expect(readFiles(ownGit).documents.map(({ file }) => file)).toEqual(["own.yaml"]);
});

describe("Secrets in clear", () => {
  const found = (contents: Readonly<Record<string, string | Buffer>>): string[] =>
    plainSecrets(readFiles(files(contents))).map(({ place, object, field }) =>
      [place, object, field].filter((part) => part !== undefined).join(" "),
    );
  const secret = "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: hunter2 }\n";

  const clear: readonly [string, Readonly<Record<string, string | Buffer>>, string][] = [
    ["a manifest that nothing lists", { "a.yaml": `${GOOD}---\n${secret}` }, "a.yaml:5 Secret s"],
    [
      "JSON",
      { "a.json": '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"p":"aHVudGVyMg=="}}' },
      "a.json:1 Secret s",
    ],
    [
      "a List",
      { "a.yaml": `kind: List\napiVersion: v1\nitems:\n- ${secret.replaceAll("\n", "\n  ").trimEnd()}\n` },
      "a.yaml:1 Secret s",
    ],
    [
      "a SecretList",
      { "a.yaml": "kind: SecretList\nitems: [{ metadata: { name: s }, data: { p: eA== } }]\n" },
      "a.yaml:1 Secret s",
    ],
    [
      "a patch as text",
      { "kustomization.yaml": `patches:\n- patch: |\n    ${secret.replaceAll("\n", "\n    ")}` },
      "kustomization.yaml:1 Secret s",
    ],
    [
      "a chart's values",
      { "values.yaml": `extra:\n- ${secret.replaceAll("\n", "\n  ").trimEnd()}\n` },
      "values.yaml:1 Secret s",
    ],
    [
      "a manifest in a ConfigMap",
      { "a.yaml": `${GOOD}data:\n  x.yaml: |\n    ${secret.replaceAll("\n", "\n    ")}` },
      "a.yaml:1 Secret s",
    ],
    [
      "a generator without kind",
      { "tools/kustomization.yaml": "secretGenerator: [{ name: s, literals: [password=hunter2] }]\n" },
      "tools/kustomization.yaml:1 Secret s secretGenerator",
    ],
    [
      "a generator with a file",
      { "x/kustomization.yml": "secretGenerator: [{ name: s, files: [key=k.pem] }]\n", "x/k.pem": "k" },
      "x/kustomization.yml:1 Secret s secretGenerator",
    ],
    [
      "a file called Kustomization",
      { Kustomization: "secretGenerator: [{ name: s, envs: [.env] }]\n", ".env": "a=b" },
      "Kustomization:1 Secret s secretGenerator",
    ],
    [
      "a chart's template",
      {
        "c/Chart.yaml": "name: c\n",
        "c/templates/s.yaml":
          "{{ if .Values.x }}\nkind: Secret\ndata:\n  a: {{ .Values.a }}\n  b: aHVudGVyMg==\n{{ end }}\n",
      },
      "c/templates/s.yaml:5 Secret ?",
    ],
    [
      "braces that end at the key's indent",
      { "a.yaml": `${GOOD}---\nkind: Secret\nmetadata: {\nname: s\n}\nstringData: {\np: hunter2\n}\n` },
      "a.yaml:4 Secret s",
    ],
    [
      "a key that is there twice",
      { "a.yaml": "kind: Secret\nmetadata: { name: s }\nstringData: { a: '' }\nstringData: { a: hunter2 }\n" },
      "a.yaml:1 Secret s",
    ],
    [
      "CRLF, anchors and merge keys",
      { "a.yaml": "x: &x { p: hunter2 }\r\nkind: Secret\r\nmetadata: { name: s }\r\ndata: { <<: *x }\r\n" },
      "a.yaml:1 Secret s",
    ],
    [
      "a JSON patch",
      {
        "kustomization.yaml":
          "patches:\n- target: { kind: Secret, name: s }\n  patch: |\n    - { op: add, path: /stringData/p, value: hunter2 }\n",
      },
      "kustomization.yaml:1 Secret s",
    ],
    [
      "a JSON patch in a file",
      {
        "x/kustomization.yaml": "patchesJson6902: [{ target: { version: v1, kind: Secret, name: s }, path: p.json }]\n",
        "x/p.json": '[{"op": "replace", "path": "/data", "value": {"p": "aHVudGVyMg=="}}]',
      },
      "x/p.json:1 Secret s",
    ],
    [
      "a generator in a file of its own",
      { "g.yaml": "apiVersion: builtin\nkind: SecretGenerator\nmetadata: { name: s }\nliterals: [a=hunter2]\n" },
      "g.yaml:1 Secret s secretGenerator",
    ],
    [
      "a generator that a kustomization has as text",
      {
        "kustomization.yaml":
          "generators:\n- |-\n  apiVersion: builtin\n  kind: SecretGenerator\n  metadata: { name: s }\n  literals: [p=hunter2]\n",
      },
      "kustomization.yaml:1 Secret s secretGenerator",
    ],
    [
      "a template in one line",
      {
        "c/Chart.yaml": "name: c\n",
        "c/templates/s.yaml": "{{ if .x }}\n{kind: Secret, data: {a: {{ .a }}, b: hunter2}}\n{{ end }}\n",
      },
      "c/templates/s.yaml:1 Secret ?",
    ],
    [
      "a file without an ending",
      { secret: secret.replace("{ password: hunter2 }", "\n  password: hunter2") },
      "secret:5 Secret ?",
    ],
    [
      "Jsonnet",
      { "s.jsonnet": "{\n  kind: 'Secret',\n  data: {\n    p: 'aHVudGVyMg==',\n  },\n}\n" },
      "s.jsonnet:4 Secret ?",
    ],
    [
      "JSON with a comment",
      {
        "s.json": `// for the tests\n${JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { p: "hunter2" } })}`,
      },
      "s.json:1 Secret ?",
    ],
    [
      "a chart's template that only encodes what is written in it",
      {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
        "c/templates/s.yaml":
          'kind: Secret\ndata:\n  a: {{ .Values.a | b64enc }}\n  p: {{ "hunter2" | b64enc | quote }}\n',
      },
      "c/templates/s.yaml:4 Secret ?",
    ],
    ["UTF-16", { "a.yaml": Buffer.from(`\ufeff${secret}`, "utf16le") }, "a.yaml:1 Secret s"],
    ["a broken file", { "a.yaml": "kind: Secret\nstringData:\n  p: hunter2\n  x: [\n" }, "a.yaml:3 Secret ?"],
    [
      "a file that was left behind",
      { "a.yaml.bak": secret.replace("{ password: hunter2 }", "\n  password: hunter2") },
      "a.yaml.bak:5 Secret ?",
    ],
  ];
  test.each(clear)("%s", (_name, contents, expected) => {
    expect(found(contents)).toEqual([expected]);
  });

  const harmless: readonly [string, Readonly<Record<string, string>>][] = [
    ["without values", { "a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ndata: { a: '', b: null }\n" }],
    [
      "a token that the cluster fills",
      { "a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ntype: kubernetes.io/service-account-token\n" },
    ],
    [
      "encrypted by SOPS",
      {
        "a.yaml":
          "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { p: 'ENC[AES256_GCM,data:x,iv:y]' }\nsops: { mac: x }\n",
      },
    ],
    [
      "placeholders",
      {
        "a.yaml":
          "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { p: '<path:kv/data/x#p>', q: '${PASSWORD}' }\n",
      },
    ],
    [
      "an address that Argo CD reads",
      {
        "a.yaml":
          "apiVersion: v1\nkind: Secret\nmetadata: { name: s, labels: { argocd.argoproj.io/secret-type: repository } }\nstringData: { url: https://charts.example.org, type: helm }\n",
      },
    ],
    [
      "placeholders in base64, of Vault and of vals",
      {
        "a.yaml": `kind: Secret\nmetadata: { name: s }\ndata: { p: ${Buffer.from("<path:kv/x#p>").toString("base64")} }\nstringData: { q: 'vault:secret/data/x#q', r: 'ref+awsssm://x/y' }\n`,
      },
    ],
    [
      "a JSON patch of what is no value",
      {
        "kustomization.yaml":
          "patches:\n- target: { kind: Secret }\n  patch: |\n    - { op: remove, path: /data/p }\n    - { op: add, path: /metadata/labels/a, value: b }\n    - { op: add, path: /data/q, value: '' }\n",
      },
    ],
    [
      "a template that puts a value together",
      {
        "c/Chart.yaml": "name: c\n",
        "c/templates/s.yaml": "{kind: Secret, stringData: {a: 'x://{{ .user }}@{{ .host }}'}}\n",
      },
    ],
    ["a reference", { "a.yaml": "spec: { valuesFrom: [{ kind: Secret, name: s }] }\n" }],
    [
      "a sealed one",
      {
        "a.yaml":
          "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: { name: s }\nspec: { encryptedData: { p: AgB } }\n",
      },
    ],
    [
      "a generator whose file isn't in Git",
      {
        "kustomization.yaml": "secretGenerator: [{ name: s, files: [k.pem] }]\n",
        "k.pem": "k",
        ".gitignore": "k.pem\n",
      },
    ],
    [
      "a template without a written value",
      { "c/Chart.yaml": "name: c\n", "c/templates/s.yaml": "kind: Secret\ndata:\n  a: {{ .Values.a | b64enc }}\n" },
    ],
  ];
  test.each(harmless)("no false alarm: %s", (_name, contents) => {
    expect(found(contents)).toEqual([]);
  });
});
