import type { KubernetesObject } from "./kubernetes-object";
import { evaluate, type Generator } from "./generators";
import { jsonOf, readDocuments } from "./kubectl-yaml";
import { fillIn, type GeneratorContext, NotFollowed } from "./parameters";
import { mergePatch } from "./source";
import { fillTree, type Parameters, type TemplateMode } from "./templates";

/** What an ApplicationSet makes, and what of it isn't followed. */
interface Generated {
  readonly applications: readonly KubernetesObject[];
  /** A phrase each. */
  readonly unseen: readonly string[];
  readonly problems: readonly string[];
}

interface ApplicationSetSpec {
  readonly goTemplate?: boolean;
  readonly goTemplateOptions?: readonly string[] | null;
  readonly generators?: readonly unknown[] | null;
  readonly template?: object;
  readonly templatePatch?: string;
  readonly applyNestedSelectors?: boolean;
}

/** The Applications that an ApplicationSet makes, by its generators list, git, clusters, matrix and merge. */
export async function expandApplicationSet(
  set: KubernetesObject,
  around: Pick<GeneratorContext, "renderers" | "repository" | "names" | "isOurs">,
): Promise<Generated> {
  const spec = (set["spec"] ?? {}) as ApplicationSetSpec;
  const { goTemplate = false, goTemplateOptions, generators, template, templatePatch } = spec;
  const missingKeyIsError = (goTemplateOptions ?? []).includes("missingkey=error");
  const applyNestedSelectors = spec.applyNestedSelectors === true;
  const applications: KubernetesObject[] = [];
  const unseen = new Set<string>();
  const problems: string[] = [];
  for (const generator of Array.isArray(generators) ? (generators as readonly unknown[]) : []) {
    const notes = new Set<string>();
    const text = jsonOf(generator);
    // What Argo CD knows of a cluster, as its labels, isn't known here.
    const ofClusters = text.includes('"clusters":');
    const context = { ...around, goTemplate, missingKeyIsError, applyNestedSelectors, notes };
    try {
      if (typeof generator !== "object" || generator === null) throw new Error("a generator is no object");
      for (const { sets, template: own } of await evaluate(generator as Generator, context)) {
        if (sets.length === 0 && !text.includes('"selector":'))
          problems.push("a generator yields nothing; correct its elements or paths");
        const filled = await fill(fillIn(own, template), templatePatch, sets, context);
        const made = filled.map((application) => applicationOf(set, application));
        const open = (goTemplate ? /<no value>/ : /\{\{[^}]*\}\}/).exec(jsonOf(made))?.[0];
        if (open !== undefined && ofClusters) throw new Error(`the cluster has no ${open}`);
        if (open !== undefined)
          problems.push(`no generator yields ${goTemplate ? "a name of the template" : open}; correct the name`);
        applications.push(...made);
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof NotFollowed) unseen.add(`${reason} isn't followed`);
      else if (ofClusters) unseen.add(`its generator clusters isn't followed: ${reason}`);
      else problems.push(`can't be evaluated: ${reason}; correct it`);
      continue;
    }
    for (const note of notes) unseen.add(note);
  }
  const names = applications.map(({ metadata }) => metadata.name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) < index));
  for (const name of twice)
    problems.push(`makes the Application ${name} twice, and Argo CD takes the first; make the names differ`);
  const taken = applications.filter(({ metadata }, index) => names.indexOf(metadata.name) === index);
  return { applications: taken, unseen: [...unseen], problems };
}

async function fill(
  tree: unknown,
  patch: string | undefined,
  sets: readonly Parameters[],
  mode: TemplateMode,
): Promise<unknown[]> {
  const filled = await fillTree(tree, sets, mode);
  if (patch === undefined) return filled;
  const patches = await fillTree(patch, sets, mode);
  return filled.map((application, index) => mergePatch(application, readDocuments(String(patches[index]))[0] ?? {}));
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
