import type { KubernetesObject } from "./kubernetes-object";
import { ENVIRONMENT_RULES, imagesInMirror } from "./environment-rules";
import { type Environment, renderEnvironment, renderFinding } from "./environments";
import { withoutExceptions } from "./exceptions";
import { readFiles, type RepositoryContent } from "./files";
import { type Finding, sentences } from "./finding";
import { itemsOf, jsonOf } from "./kubectl-yaml";
import { chartProblem } from "./kustomize";
import { OBJECT_RULES } from "./object-rules";
import { plainSecrets } from "./plain-secrets";
import { isApplied, nameOf } from "./rendered";
import type { Renderers } from "./rendering";
import { overlays, rootPaths, testData, withoutReached } from "./roots";
import type { Schemas } from "./schemas";
import { placed, scopesOf } from "./scopes";

export interface CheckArgs {
  /** Absolute path of the infrastructure repository. */
  readonly repository: string;
  readonly renderers: Renderers;
  /** Schemas of a repository's own: the check adds its CustomResourceDefinitions. */
  readonly schemas: Schemas;
  /** References of the images that the local platform can pull; unset: not checked. */
  readonly mirrorImages?: ReadonlySet<string>;
}

export interface CheckResult {
  /** Everything that is wrong, a sentence each. */
  readonly problems: readonly string[];
  /** What was not looked at, a sentence each. */
  readonly notes: readonly string[];
  /** What was looked at. */
  readonly environments: readonly Environment[];
  readonly objects: number;
}

/** Judges everything in a repository: its files, every root path and what it leads to, every overlay. */
export async function checkRepository(args: CheckArgs): Promise<CheckResult> {
  const { repository, schemas, mirrorImages } = args;
  const content = readFiles(repository);
  const findings: Finding[] = [...content.findings, ...plainSecrets(content)];
  const environments = await allEnvironments(args, content);
  if (environments.length === 0) {
    const text = "holds no Application and no overlay below apps/; give the folder of an infrastructure repository";
    findings.push({ rule: "render", place: repository, text });
  }
  const idle = await idleOverlays(args, environments);
  findings.push(
    ...environments.flatMap((environment) => environment.findings),
    ...environments.flatMap((environment) =>
      ENVIRONMENT_RULES.flatMap((rule) =>
        guarded(
          () => rule(environment),
          (text) => [{ rule: "render", place: environment.rootPath, text }],
        ),
      ),
    ),
    ...idle.findings,
  );
  const local = environments.filter(({ name }) => name === "local");
  if (mirrorImages) findings.push(...local.flatMap((environment) => imagesInMirror(environment, mirrorImages)));

  const parts = distinct([...environments.flatMap((environment) => environment.parts), ...idle.parts]);
  const objects = parts.flatMap(({ place, objects: all }) => all.map((object) => ({ place, object })));
  const definitions = [
    ...content.documents.flatMap(({ content: document }) => itemsOf(document)),
    ...objects.map(({ object }) => object),
  ];
  for (const definition of definitions) schemas.addCustomResource(definition);
  const unknown = new Set<string>();
  for (const { place, object } of objects) {
    // An unknown kind is one problem, however many objects have it.
    const form = schemas.check(object).filter(({ field, text }) => field !== "apiVersion" || !unknown.has(text));
    for (const { text } of form.filter(({ field }) => field === "apiVersion")) unknown.add(text);
    const complaints = [
      ...form,
      ...OBJECT_RULES.flatMap((rule) =>
        guarded(
          () => rule(object),
          // The schema check has said what is wrong with the form.
          (text) => (form.length > 0 ? [] : [{ rule: "schema", text }]),
        ),
      ),
    ];
    findings.push(...complaints.map((complaint) => ({ place, object: nameOf(object), ...complaint })));
  }
  const notes = [
    ...environments.flatMap(({ name, unseen }) => unseen.map(({ object, reason }) => `${name}: ${object}: ${reason}`)),
    ...idle.notes,
    ...testData(repository, content).map((path) => `${path}: its Applications are test data by the folder's name`),
    ...schemas.unchecked,
  ];
  if (objects.length === 0 && findings.length === 0) {
    const text = notes.length > 0 ? "nothing of it could be looked at" : "it renders to nothing";
    findings.push({ rule: "render", place: repository, text: `${text}; give a folder with manifests of its own` });
  }
  const problems = sentences(withoutExceptions(findings, repository));
  return { problems, notes: [...new Set(notes)], environments, objects: objects.length };
}

/** Every environment of a repository: by its root paths, without those that another one leads to. */
export async function allEnvironments(
  { repository, renderers }: Pick<CheckArgs, "repository" | "renderers">,
  content: RepositoryContent,
): Promise<Environment[]> {
  const environments: Environment[] = [];
  for (const [name, rootPath] of rootPaths(repository, content))
    environments.push(await renderEnvironment({ renderers, repository, content, name, rootPath }));
  return withoutReached(environments);
}

interface Idle {
  readonly parts: readonly { readonly place: string; readonly objects: readonly KubernetesObject[] }[];
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

/** Overlays that no Application points at today are somebody's next step. */
async function idleOverlays(args: CheckArgs, environments: readonly Environment[]): Promise<Idle> {
  const { repository, renderers } = args;
  const reached = new Set([
    ...environments.flatMap(({ parts }) => parts.map(({ place }) => place)),
    ...environments.flatMap(({ findings }) => findings.map(({ place }) => place)),
  ]);
  const parts: { place: string; objects: KubernetesObject[] }[] = [];
  const findings: Finding[] = [];
  const notes: string[] = [];
  const isClusterScoped = scopesOf([]);
  for (const place of overlays(repository).filter((overlay) => !reached.has(overlay))) {
    const rendering = await renderers.kustomize(repository, place);
    if ("objects" in rendering) {
      // Where they would go is for an Application to say.
      const objects = rendering.objects.filter(isApplied).map((object) => placed(object, undefined, isClusterScoped));
      parts.push({ place, objects });
      notes.push(...(rendering.leftOut ?? []).map((reason) => `${place}: ${reason}`));
      findings.push(
        ...[...(rendering.broken ?? []), ...(rendering.charts ?? []).map(chartProblem)].map((problem) =>
          renderFinding(place, { problem }),
        ),
      );
    } else if ("unseen" in rendering) notes.push(`${place}: ${rendering.unseen}`);
    else if (/sealed/.test(rendering.missing ?? ""))
      // Off, and waiting for a secret of the environment's own.
      notes.push(`${place}: no Application points there, and ${rendering.problem}`);
    else findings.push(renderFinding(place, rendering));
  }
  return { parts, findings, notes };
}

/** What a rule says; an object of an odd form is a problem, and hides nothing else. */
function guarded<T>(rule: () => T[], failed: (text: string) => T[]): T[] {
  try {
    return rule();
  } catch (error) {
    return failed(`can't be judged: ${error instanceof Error ? error.message : String(error)}; correct its form`);
  }
}

/** One of each place: a folder in several environments is judged once. */
function distinct<T extends { readonly place: string; readonly objects: readonly unknown[] }>(
  parts: readonly T[],
): T[] {
  const found = new Map(parts.map((part) => [`${part.place} ${jsonOf(part.objects)}`, part]));
  return [...found.values()];
}
