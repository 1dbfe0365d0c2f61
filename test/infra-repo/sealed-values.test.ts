/** Sealing, opening, explaining and sealing anew with the real kubeseal. Not proved here: the controller (drills). */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { explain, unopened } from "@gitops-platform/infra-repo/sealed/unopened";
import { type Identity, kubesealProgram, seal } from "@gitops-platform/infra-repo/sealed/kubeseal";
import { stackValues } from "../../scripts/infra-repo/secrets/stack-values";
import { type KeyFiles, reseal } from "@gitops-platform/infra-repo/sealed/reseal";
import { type SealedValue, sealedValues } from "@gitops-platform/infra-repo/sealed/sealed-secrets";
import { readFiles } from "@gitops-platform/infra-repo/files";
import { paths, root } from "../../scripts/lib/paths";
import { newSealingKey } from "../../scripts/stack/new-sealing-key";
import { loadAll } from "js-yaml";
import type { KubernetesObject } from "../../components/objects/kubernetes-object";

const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-sealed-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let program: string;
const keys: Record<string, { certificate: string; privateKey: string }> = {};

beforeAll(async () => {
  program = await kubesealProgram(paths.cache, () => undefined);
  for (const name of ["old", "new", "foreign"]) {
    const pair = await newSealingKey();
    keys[name] = { certificate: join(scratch, `${name}.pem`), privateKey: join(scratch, `${name}.key`) };
    writeFileSync(join(scratch, `${name}.pem`), pair.certificate);
    writeFileSync(join(scratch, `${name}.key`), pair.privateKey, { mode: 0o600 });
  }
}, 120_000);

const STRICT: Identity = { namespace: "store", name: "store-auth", scope: "strict" };

/** A repository with one SealedSecret, which is sealed as one thing and applied as another. */
async function sealedAs(key: string, sealed: Identity, applied: Identity = sealed) {
  const { certificate } = keys[key] ?? { certificate: "" };
  const values = { password: Buffer.from("hunter2") };
  const text = (await seal(program, certificate, { ...sealed, values })).replace(
    /namespace: .*\n/g,
    `namespace: ${applied.namespace}\n`,
  );
  const repository = mkdtempSync(join(scratch, "repository-"));
  writeFileSync(join(repository, "sealed-secret.yaml"), `# Kept.\n${text}`);
  const objects = loadAll(text) as KubernetesObject[];
  const parts = [{ name: "store", place: "apps/store/overlays/staging", recursive: false, objects }];
  const found = sealedValues({ parts }, readFiles(repository).documents);
  return { repository, found };
}

const privateKeys = (...names: string[]): string[] => names.map((name) => keys[name]?.privateKey ?? "");

async function reasons(found: readonly SealedValue[], ...names: string[]): Promise<readonly string[]> {
  const failed = await unopened(program, privateKeys(...names), found);
  return (
    await explain(program, { stack: "staging", repository: "../infra" }, privateKeys(...names), failed, found)
  ).map(({ text }) => text);
}

test("what the stack's key sealed opens, and the value is in no file", async () => {
  const { repository, found } = await sealedAs("old", STRICT);
  expect(found.map(({ key, identity, written }) => [key, identity.name, written?.file])).toEqual([
    ["password", "store-auth", "sealed-secret.yaml"],
  ]);
  expect(await reasons(found, "old", "new")).toEqual([]);
  expect(readFileSync(join(repository, "sealed-secret.yaml"), "utf8")).not.toContain("hunter2");
});

test("what another stack's key sealed is said to be so", async () => {
  const { found } = await sealedAs("foreign", STRICT);
  expect(await reasons(found, "old", "new")).toEqual([
    "none of the stack's 2 keys opens it: it was sealed for another stack, or for a key that was dropped; seal it again: npm run seal -- staging store store-auth password=- --out ../infra/sealed-secret.yaml",
  ]);
});

test("what was sealed for another namespace names both", async () => {
  const { found } = await sealedAs("old", { ...STRICT, namespace: "default" }, STRICT);
  expect(await reasons(found, "old")).toEqual([
    "was sealed for the namespace default and is applied in store; write that one, or seal it again: npm run seal -- staging store store-auth password=- --out ../infra/sealed-secret.yaml",
  ]);
});

test("reseal replaces what only the old key opens, keeps the rest of the file, and has nothing to do again", async () => {
  const { repository, found } = await sealedAs("old", STRICT);
  const [oldKey = "", newKey = ""] = privateKeys("old", "new");
  const files: KeyFiles = { all: [oldKey, newKey], newest: newKey, certificate: keys["new"]?.certificate ?? "" };
  const before = readFileSync(join(repository, "sealed-secret.yaml"), "utf8");
  expect(await unopened(program, [newKey], found)).toHaveLength(1);
  expect(await reseal(program, files, found, repository)).toEqual(["sealed-secret.yaml"]);
  const after = readFileSync(join(repository, "sealed-secret.yaml"), "utf8");
  const withoutValue = (text: string): string => text.replace(/password: \S+/, "password: …");
  expect(withoutValue(after)).toBe(withoutValue(before));
  const value = /password: (\S+)/.exec(after)?.[1] ?? "";
  expect(
    await unopened(
      program,
      [newKey],
      found.map((old) => ({ ...old, value })),
    ),
  ).toEqual([]);
});

test("reseal writes nothing when a value doesn't open", async () => {
  const { repository, found } = await sealedAs("foreign", STRICT);
  const [newKey = ""] = privateKeys("new");
  const before = readFileSync(join(repository, "sealed-secret.yaml"), "utf8");
  const files: KeyFiles = { all: [newKey], newest: newKey, certificate: keys["new"]?.certificate ?? "" };
  await expect(reseal(program, files, found, repository)).rejects.toThrow(
    "sealed-secret.yaml — store/store-auth password opens with none of the stack's keys; see npm run unseal-check",
  );
  expect(readFileSync(join(repository, "sealed-secret.yaml"), "utf8")).toBe(before);
});

/** What a stack's root path leads to in a repository with these files, and what doesn't open. */
async function unsealed(contents: Readonly<Record<string, string>>) {
  const repository = mkdtempSync(join(scratch, "repository-"));
  const stack = {
    config: { "gitops-platform:gitops": { path: "root", repoURL: "ssh://git@git.example.org/infra.git" } },
  };
  for (const [file, text] of Object.entries({ ...contents, "stack.yaml": JSON.stringify(stack) })) {
    mkdirSync(join(repository, file, ".."), { recursive: true });
    writeFileSync(join(repository, file), text);
  }
  const { values, findings } = await stackValues("staging", join(repository, "stack.yaml"), { repository });
  const closed = await reasons(values, "old");
  return { count: values.length, findings: findings.map(({ place, text }) => `${place} — ${text}`), closed };
}

const application = (name: string, source: string): string =>
  `apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: { name: ${name} }\nspec: { source: { repoURL: "git@git.example.org:infra", ${source} }, destination: { namespace: store } }\n`;

async function sealedFile(key = "old"): Promise<string> {
  const { certificate } = keys[key] ?? { certificate: "" };
  return seal(program, certificate, { ...STRICT, values: { password: Buffer.from("hunter2") } });
}

test("values are found behind nested Applications, and open or don't", async () => {
  const contents = {
    "root/team.yaml": application("team", "path: team"),
    "team/leaf.yaml": application("leaf", "path: leaf"),
  };
  const good = await unsealed({ ...contents, "leaf/s.yaml": await sealedFile() });
  expect(good).toEqual({ count: 1, findings: [], closed: [] });
  const foreign = await unsealed({ ...contents, "leaf/s.yaml": await sealedFile("foreign") });
  expect([foreign.count, foreign.closed]).toEqual([
    1,
    [
      "the stack's key doesn't open it: it was sealed for another stack, or for a key that was dropped; seal it again: npm run seal -- staging store store-auth password=- --out ../infra/leaf/s.yaml",
    ],
  ]);
});

test("a name that the Application's settings change doesn't open, and the cure is a command that works", async () => {
  const { count, closed } = await unsealed({
    "root/app.yaml": application("store", "path: app, kustomize: { namePrefix: stg- }"),
    "app/kustomization.yaml": "resources: [s.yaml]\n",
    "app/s.yaml": await sealedFile(),
  });
  expect([count, closed]).toEqual([
    1,
    [
      "was sealed for store/store-auth and is applied as store/stg-store-auth; render it under the name store-auth, or seal it again: rm ../infra/app/s.yaml && npm run seal -- staging store store-auth password=- --scope namespace-wide --out ../infra/app/s.yaml",
    ],
  ]);
});

test("SealedSecrets that the root path doesn't lead to are findings, when nothing else was opened", async () => {
  const { count, findings } = await unsealed({
    "root/app.yaml": application("a", "path: a"),
    "a/c.yaml": "",
    "b/s.yaml": await sealedFile(),
  });
  expect([count, findings]).toEqual([
    0,
    ["b/s.yaml:1 — root doesn't lead to it, so it was not opened; name the root path with --path, or remove the file"],
  ]);
});

test("the starter as it is has nothing to open, and the command says what to name", () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--require", "tsx/cjs", "scripts/infra-repo/unseal-check.ts", "staging"],
    { cwd: root, encoding: "utf8" },
  );
  expect(status).toBe(1);
  expect(stderr).toContain("gitops — is the starter, and holds no sealed value");
});
