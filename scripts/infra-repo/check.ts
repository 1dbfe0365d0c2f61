import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { builtImages } from "@gitops-platform/mirror/catalogue/artifacts";
import { declareUnits } from "@gitops-platform/mirror/catalogue/units";
import { defineCommand, runAsProgram } from "../lib/command";
import { paths, root } from "../lib/paths";
import { checkRepository, type CheckResult } from "./manifests/check-repository";
import { environmentNames } from "./manifests/environments";
import { kustomize } from "./manifests/kustomize";
import { loadSchemas } from "./manifests/load-schemas";
import { withStandIns } from "./manifests/working-copy";

/** Checks a folder; the starter with stand-ins for what seeding adds, and with everything that it has off. */
async function check(repository: string): Promise<CheckResult> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const schemas = await loadSchemas(paths.cache, repository, log);
  const render = await kustomize(paths.cache, log);
  if (repository !== join(root, "gitops")) return checkRepository({ repository, render, schemas });
  // The toolchain decides how images are built, and nothing about their names.
  const mirrorImages = new Set(builtImages(declareUnits("")).map(({ path }) => path));
  // As it is, the rest has to render; what it renders to is among what the whole does.
  await withStandIns(repository, false, (copy) =>
    Promise.all([...environmentNames(copy).values()].map((rootPath) => render(join(copy, rootPath)))),
  );
  return withStandIns(repository, true, (copy) => checkRepository({ repository: copy, render, schemas, mirrorImages }));
}

async function checkFolder(folder: string): Promise<number> {
  const repository = resolve(folder);
  if (!existsSync(repository))
    throw new Error(`${repository} — doesn't exist; give the folder of an infrastructure repository`);
  const begin = performance.now();
  const { problems, environments, objects } = await check(repository);
  if (problems.length > 0) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    process.stderr.write(`${folder} has ${count}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}\n`);
    return 1;
  }
  for (const { name, rootPath, applications } of environments) {
    const charts = applications.filter(({ path }) => path === undefined).map((application) => application.name);
    const unseen = charts.length > 0 ? `; not rendered, because they come from elsewhere: ${charts.join(", ")}` : "";
    process.stdout.write(`${name.padEnd(12)} ${rootPath}: ${applications.length} applications${unseen}\n`);
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  process.stdout.write(`${objects} objects keep every rule (${seconds} s)\n`);
  return 0;
}

export const command = defineCommand({
  name: "npm run check-gitops",
  summary:
    "Checks an infrastructure repository: renders every root path and every overlay, and checks each object against the " +
    "schemas of Kubernetes 1.27 and the policy. Needs no cluster and no mirror.",
  arguments: [{ name: "FOLDER", summary: "the repository (default: the starter, gitops)", optional: true }],
  flags: {},
  exits: { 0: "every object keeps every rule", 1: "something is wrong, a sentence for each" },
  run: ([folder = join(root, "gitops")]) => checkFolder(folder),
});

runAsProgram(module, command);
