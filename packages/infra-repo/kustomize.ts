import { join } from "node:path";
import { execa } from "execa";
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
  const remote = /'((?:https?:\/\/|ssh:\/\/|git@|github\.com\/)[^']+)'/.exec(failed.problem)?.[1];
  return remote === undefined || failed.missing !== undefined
    ? failed
    : { unseen: `its base ${remote} can't be fetched from here` };
}

function run(program: string, cwd: string, args: readonly string[]) {
  return execa(program, args, { cwd, env: ENV, reject: false, maxBuffer: 1 << 29 });
}

/** The error itself: without the warnings before it, with paths relative to the folder. */
function reason(stderr: string, repository: string, path: string): { problem: string; missing?: string } {
  const directory = join(repository, path);
  const text = stderr
    .replace(/^[\s\S]*?^Error: /m, "")
    .replaceAll(`${directory}/`, "")
    .replaceAll(directory, ".")
    .replaceAll(`${repository}/`, "")
    .replace(/^# Warning:.*$/gm, "")
    .trim();
  const missing = /evalsymlink failure on '([^']+)'/.exec(text)?.[1];
  // Kustomize says this three times over, once for each thing that the missing file might have been.
  if (missing !== undefined) return { problem: `${missing} is listed and doesn't exist`, missing };
  // The whole configuration of the chart stands between the two.
  const chart = /HelmChartInflationGenerator[\s\S]*?\bname: (\S+)[\s\S]*must specify --enable-helm/.exec(text)?.[1];
  if (chart !== undefined)
    return {
      problem: `it has helmCharts (${chart}), which Argo CD renders only with kustomize.buildOptions: --enable-helm; an Application with chart: ${chart} needs none`,
    };
  return { problem: text.split(/\s*\n\s*/).join(" ") };
}
