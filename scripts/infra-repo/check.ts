import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { builtImages } from "@gitops-platform/mirror/catalogue/artifacts";
import { declareUnits } from "@gitops-platform/mirror/catalogue/units";
import { defineCommand, runAsProgram } from "@gitops-platform/cli/command";
import { paths, root } from "../lib/paths";
import { allEnvironments, checkRepository, type CheckResult } from "@gitops-platform/infra-repo/check-repository";
import { readFiles } from "@gitops-platform/infra-repo/files";
import { sentences } from "@gitops-platform/infra-repo/finding";
import { loadSchemas } from "@gitops-platform/infra-repo/load-schemas";
import { loadRenderers } from "@gitops-platform/infra-repo/renderers";
import { withStandIns } from "@gitops-platform/infra-repo/working-copy";

/** Checks a folder; the starter with stand-ins for what seeding adds, and with everything that it has off. */
async function check(repository: string): Promise<CheckResult> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const schemas = await loadSchemas(join(root, "components", "gitops", "manifests"), paths.cache, log);
  const renderers = await loadRenderers(paths.cache, log);
  const starter = join(root, "gitops");
  if (repository !== starter) return checkRepository({ repository, renderers, schemas: schemas() });
  // The toolchain decides how images are built, and nothing about their names.
  const mirrorImages = new Set(builtImages(declareUnits("")).map(({ path }) => path));
  // As it is, it has to render; what that renders to is among what the whole does.
  const broken = await withStandIns(starter, false, async (copy) => {
    const environments = await allEnvironments({ renderers, repository: copy }, readFiles(copy));
    return environments.flatMap(({ findings }) => findings);
  });
  if (broken.length > 0) throw new Error(sentences(broken).join("\n"));
  return withStandIns(starter, true, (copy) =>
    checkRepository({ repository: copy, renderers, schemas: schemas(), mirrorImages }),
  );
}

async function checkFolder(folder: string): Promise<number> {
  const repository = resolve(folder);
  if (!existsSync(repository))
    throw new Error(`${repository} — doesn't exist; give the folder of an infrastructure repository`);
  const begin = performance.now();
  const { problems, notes, environments, objects } = await check(repository);
  for (const { name, rootPath, parts, applications } of environments) {
    const count = parts.reduce((sum, part) => sum + part.objects.length, 0);
    process.stdout.write(
      `${name.padEnd(12)} ${rootPath}: ${counted(applications.length, "application")}, ${counted(count, "object")}\n`,
    );
  }
  if (notes.length > 0) process.stdout.write(`not looked at:\n${notes.map((note) => `  - ${note}`).join("\n")}\n`);
  if (problems.length > 0) {
    const list = problems.map((problem) => `  - ${problem}`).join("\n");
    process.stderr.write(`${folder} has ${counted(problems.length, "problem")}:\n${list}\n`);
    return 1;
  }
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  process.stdout.write(`${counted(objects, "object")} ${objects === 1 ? "keeps" : "keep"} every rule (${seconds} s)\n`);
  return 0;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export const command = defineCommand({
  name: "npm run check-gitops",
  summary:
    "Checks an infrastructure repository: follows every root path as Argo CD does, and checks each object against the " +
    "schemas of Kubernetes 1.27 and the policy. Lists what it can't look at. Needs no cluster and no mirror.",
  arguments: [{ name: "FOLDER", summary: "the repository (default: the starter, gitops)", optional: true }],
  flags: {},
  exits: { 0: "every object keeps every rule", 1: "something is wrong, a sentence for each" },
  run: ([folder = join(root, "gitops")]) => checkFolder(folder),
});

runAsProgram(module, command);
