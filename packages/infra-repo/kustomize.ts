import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { load } from "js-yaml";
import { buildFromCatalogue } from "@gitops-platform/mirror/units/alone";
import { readObjects } from "./kubectl-yaml";
import type { Renderers, Rendering } from "./rendering";
import { inScratchCopy } from "./scratch-copy";

/** A remote base is fetched without asking anybody for a password. */
const ENV = { GIT_TERMINAL_PROMPT: "0", GIT_SSH_COMMAND: "ssh -o BatchMode=yes -o ConnectTimeout=5" };

/**
 * Kustomize in the version that Argo CD's image has, built once from its Go module. A folder is rendered once.
 *
 * @param log takes a line when it has to be built
 */
export async function kustomize(cache: string, log: (line: string) => void): Promise<Renderers["kustomize"]> {
  const program = join(await buildFromCatalogue("kustomize", cache, log), "kustomize");
  const rendered = new Map<string, Promise<Rendering>>();
  return (repository, path, edits = []) => {
    const id = JSON.stringify([repository, path, edits]);
    const known = rendered.get(id);
    if (known) return known;
    const result =
      edits.length === 0
        ? build(program, repository, path)
        : inScratchCopy(repository, (copy) => editAndBuild(program, copy, path, edits));
    rendered.set(id, result);
    return result;
  };
}

async function editAndBuild(
  program: string,
  copy: string,
  path: string,
  edits: readonly (readonly string[])[],
): Promise<Rendering> {
  for (const edit of edits) {
    const { exitCode, stderr } = await run(program, join(copy, path), ["edit", ...edit]);
    if (exitCode !== 0) return { problem: `kustomize edit ${edit.join(" ")}: ${reason(stderr, copy, path).problem}` };
  }
  return build(program, copy, path);
}

async function build(program: string, repository: string, path: string): Promise<Rendering> {
  const { exitCode, stdout, stderr } = await run(program, join(repository, path), ["build", "."]);
  if (exitCode === 0) return { objects: readObjects(stdout) };
  const failed = reason(stderr, repository, path);
  if (!failed.without) return failed;
  return inScratchCopy(repository, (copy) => buildRest(program, copy, path, failed));
}

/** Builds without the bases and charts that can't be had here, one after the other, and names them. */
async function buildRest(program: string, copy: string, path: string, first: Failure): Promise<Rendering> {
  const leftOut: string[] = [];
  const charts: string[] = [];
  for (let failed = first; failed.without;) {
    const gone = takeOut(copy, failed.without);
    if (gone.length === 0) break;
    if (failed.without.field === "helmCharts") charts.push(...gone);
    else leftOut.push(...gone.map(baseProblem));
    const { exitCode, stdout, stderr } = await run(program, join(copy, path), ["build", "."]);
    if (exitCode === 0) return { objects: readObjects(stdout), leftOut, charts };
    failed = reason(stderr, copy, path);
  }
  if (leftOut.length + charts.length === 0) return { unseen: first.problem };
  // Patches may need what is gone. The files that the folder itself lists are what leads further.
  writeFileSync(join(copy, path, "kustomization.yaml"), JSON.stringify({ resources: ownFiles(join(copy, path)) }));
  const own = await run(program, join(copy, path), ["build", "."]);
  return {
    objects: own.exitCode === 0 ? readObjects(own.stdout) : [],
    leftOut: [...leftOut, "other folders that it lists don't render without that"],
    charts,
  };
}

function ownFiles(directory: string): string[] {
  return ["kustomization.yaml", "kustomization.yml", "Kustomization"]
    .map((name) => join(directory, name))
    .filter((file) => existsSync(file))
    .flatMap((file) => {
      const { resources } = (load(readFileSync(file, "utf8"), { json: true }) ?? {}) as { resources?: unknown };
      rmSync(file);
      return Array.isArray(resources) ? resources.filter((entry) => typeof entry === "string") : [];
    })
    .filter((entry) => statSync(join(directory, entry), { throwIfNoEntry: false })?.isFile());
}

/** What a folder can be built without. */
interface Removal {
  readonly field: "resources" | "helmCharts";
  /** The error, which names what is missing as the kustomization lists it. */
  readonly error: string;
}

interface Failure {
  readonly problem: string;
  readonly missing?: string;
  readonly without?: Removal;
}

/** Removes what an error names from every kustomization of a copy. @returns the entries' names */
function takeOut(copy: string, { field, error }: Removal): string[] {
  const names = field === "resources" ? ["resources", "bases", "components"] : [field];
  const nameOf = (item: unknown): string => {
    const name: unknown = typeof item === "object" && item !== null ? (item as { name?: unknown }).name : item;
    return typeof name === "string" ? name : "";
  };
  const isNamed = (item: unknown): boolean =>
    field === "resources"
      ? REMOTE.test(nameOf(item)) && error.includes(nameOf(item))
      : error.includes(`name: ${nameOf(item)}\n`);
  const gone = new Set<string>();
  for (const name of readdirSync(copy, { recursive: true, encoding: "utf8" })) {
    if (!/(^|\/)(kustomization\.ya?ml|Kustomization)$/.test(name)) continue;
    const file = join(copy, name);
    const content = (load(readFileSync(file, "utf8"), { json: true }) ?? {}) as Record<string, unknown>;
    const lists = names.flatMap((each) =>
      Array.isArray(content[each]) ? [[each, content[each] as unknown[]] as const] : [],
    );
    const found = lists.flatMap(([, items]) => items.filter(isNamed));
    if (found.length === 0) continue;
    for (const [each, items] of lists) content[each] = items.filter((item) => !isNamed(item));
    // An empty kustomization is none to kustomize.
    writeFileSync(file, JSON.stringify({ kind: "Kustomization", ...content }));
    for (const item of found) gone.add(nameOf(item));
  }
  return [...gone];
}

function run(program: string, cwd: string, args: readonly string[]) {
  return execa(program, args, { cwd, env: ENV, reject: false, maxBuffer: 1 << 29 });
}

/** Why Argo CD doesn't render a kustomization's chart as it is set up here. */
export function chartProblem(chart: string): string {
  return `it has helmCharts (${chart}), which Argo CD renders only with kustomize.buildOptions: --enable-helm; an Application with chart: ${chart} needs none`;
}

function baseProblem(base: string): string {
  return `its base ${base} can't be fetched from here`;
}

/** How a kustomization names a repository: with a scheme, as scp does, or by a host's name alone. */
const REMOTE = /^(https?:\/\/|ssh:\/\/|git@|git::|gh:|[\w-]+(\.[\w-]+)*\.[a-z]{2,}\/[^/]+\/)/;

/** The error itself: without the warnings before it, with paths relative to the folder. */
function reason(stderr: string, repository: string, path: string): Failure {
  const directory = join(repository, path);
  const text = stderr
    .replace(/^[\s\S]*?^Error: /m, "")
    .replaceAll(`${directory}/`, "")
    .replaceAll(directory, ".")
    .replaceAll(`${repository}/`, "")
    .replace(/^# Warning:.*$/gm, "")
    .trim();
  const missing = /evalsymlink failure on '([^']+)'/.exec(text)?.[1];
  const remote = [...text.matchAll(/ from '([^']+)'/g), ...text.matchAll(/'([^'\s]+)'/g)]
    .map(([, name = ""]) => name)
    .concat(missing ?? "")
    .find((name) => REMOTE.test(name));
  if (remote !== undefined) return { problem: baseProblem(remote), without: { field: "resources", error: text } };
  // Kustomize says this three times over, once for each thing that the missing file might have been.
  if (missing !== undefined) return { problem: `${missing} is listed and doesn't exist`, missing };
  // The whole configuration of the chart stands between the two.
  const chart = /HelmChartInflationGenerator[\s\S]*?\bname: (\S+)[\s\S]*must specify --enable-helm/.exec(text)?.[1];
  if (chart !== undefined)
    return {
      problem: chartProblem(chart),
      without: { field: "helmCharts", error: text },
    };
  return { problem: text.split(/\s*\n\s*/).join(" ") };
}
