import { join } from "node:path";
import { execa } from "execa";
import { loadAll } from "js-yaml";
import { buildFromCatalogue } from "@gitops-platform/mirror/units/alone";
import type { KubernetesObject } from "../../../components/objects/kubernetes-object";

/** A folder that can't be rendered, in kustomize's own words without their repetitions. */
export class RenderError extends Error {
  override readonly name = "RenderError";
}

/** Renders a folder with a kustomization. @throws RenderError */
export type Render = (directory: string) => Promise<readonly KubernetesObject[]>;

/**
 * Kustomize in the version that Argo CD's image has, built once from its Go module. Every folder is rendered once.
 *
 * @param log takes a line when it has to be built
 */
export async function kustomize(cache: string, log: (line: string) => void): Promise<Render> {
  const program = join(await buildFromCatalogue("kustomize", cache, log), "kustomize");
  const rendered = new Map<string, Promise<readonly KubernetesObject[]>>();
  return (directory) => {
    const known = rendered.get(directory);
    if (known) return known;
    const result = run(program, directory);
    rendered.set(directory, result);
    return result;
  };
}

async function run(program: string, directory: string): Promise<readonly KubernetesObject[]> {
  const { exitCode, stdout, stderr } = await execa(program, ["build", "."], { cwd: directory, reject: false });
  if (exitCode !== 0) throw new RenderError(reason(stderr, directory));
  return (loadAll(stdout) as (KubernetesObject | null)[]).filter((object) => object !== null);
}

/** The innermost of kustomize's nested sentences, with paths relative to the folder. */
function reason(stderr: string, directory: string): string {
  const text = stderr
    .replaceAll(`${directory}/`, "")
    .replaceAll(directory, "")
    .trim()
    .replace(/^Error: /, "");
  const missing = /evalsymlink failure on '([^']+)'/.exec(text)?.[1];
  // Kustomize says this three times over, once for each thing that the missing file might have been.
  if (missing !== undefined) return `${missing} is listed and doesn't exist`;
  return text.split("\n").slice(0, 3).join(" ");
}
