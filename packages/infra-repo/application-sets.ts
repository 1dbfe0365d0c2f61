import { load } from "js-yaml";
import type { KubernetesObject } from "./kubernetes-object";
import { evaluate, type Generator, type GeneratorContext, NotFollowed } from "./generators";
import { mergePatch } from "./source";
import { fillTree, type Parameters } from "./templates";

/** What an ApplicationSet makes, and what of it isn't followed. */
interface Generated {
  readonly applications: readonly KubernetesObject[];
  readonly unseen: readonly string[];
  readonly problems: readonly string[];
}

interface ApplicationSetSpec {
  readonly goTemplate?: boolean;
  readonly generators?: readonly Generator[] | null;
  readonly template?: object;
  readonly templatePatch?: string;
}

/** The Applications that an ApplicationSet makes, by its generators list, git and matrix. */
export async function expandApplicationSet(
  set: KubernetesObject,
  context: Omit<GeneratorContext, "goTemplate">,
): Promise<Generated> {
  const { goTemplate = false, generators, template, templatePatch } = (set["spec"] ?? {}) as ApplicationSetSpec;
  const mode = { ...context, goTemplate };
  const applications: KubernetesObject[] = [];
  const unseen: string[] = [];
  const problems: string[] = [];
  for (const generator of Array.isArray(generators) ? (generators as readonly Generator[]) : []) {
    try {
      if (typeof generator !== "object" || (generator as unknown) === null) throw new Error("a generator is no object");
      const sets = await evaluate(generator, mode);
      if (sets.length === 0) problems.push("a generator yields nothing; correct its elements or paths");
      const tree = mergePatch(template, generator.template ?? {});
      applications.push(...(await fill(tree, templatePatch, sets, mode)).map((filled) => applicationOf(set, filled)));
    } catch (error) {
      if (error instanceof NotFollowed) unseen.push(error.message);
      else problems.push(`can't be evaluated: ${error instanceof Error ? error.message : String(error)}; correct it`);
    }
  }
  const open = /\{\{[^}]*\}\}/.exec(goTemplate ? "" : JSON.stringify(applications))?.[0];
  if (open !== undefined) problems.push(`no generator yields ${open}; correct the name`);
  return { applications, unseen, problems };
}

async function fill(
  tree: unknown,
  patch: string | undefined,
  sets: readonly Parameters[],
  mode: GeneratorContext,
): Promise<unknown[]> {
  const filled = await fillTree(tree, sets, mode);
  if (patch === undefined) return filled;
  const patches = await fillTree(patch, sets, mode);
  return filled.map((application, index) => mergePatch(application, load(String(patches[index])) ?? {}));
}

function applicationOf(set: KubernetesObject, filled: unknown): KubernetesObject {
  const { metadata, spec } = (filled ?? {}) as { metadata?: { name?: string }; spec?: object };
  const { namespace } = set.metadata;
  return {
    apiVersion: set.apiVersion,
    kind: "Application",
    metadata: { ...metadata, name: metadata?.name ?? "", ...(namespace === undefined ? {} : { namespace }) },
    spec,
  };
}
