import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { load } from "js-yaml";
import { globMatch, pathMatch } from "./glob";
import { mergePatch } from "./source";
import { fillTree, type Parameters } from "./templates";
import type { Renderers } from "./rendering";

/** What generators are evaluated with. */
export interface GeneratorContext {
  readonly renderers: Renderers;
  readonly repository: string;
  /** The files of the repository. */
  readonly names: readonly string[];
  readonly isOurs: (url: string) => boolean;
  /** Go templates, else `{{name}}` only. */
  readonly goTemplate: boolean;
}

export interface Generator {
  readonly list?: { readonly elements?: readonly Parameters[]; readonly elementsYaml?: string };
  readonly git?: GitGenerator;
  readonly matrix?: { readonly generators?: readonly Generator[] };
  readonly template?: object;
  readonly selector?: object;
}

interface GitGenerator {
  readonly repoURL?: string;
  readonly directories?: readonly { readonly path: string; readonly exclude?: boolean }[];
  readonly files?: readonly { readonly path: string; readonly exclude?: boolean }[];
  readonly pathParamPrefix?: string;
  readonly values?: Readonly<Record<string, string>>;
}

/** A generator that can't be evaluated here; the message says which. */
export class NotFollowed extends Error {
  override readonly name = "NotFollowed";
}

/** The sets of parameters that a generator yields. @throws NotFollowed */
export async function evaluate(generator: Generator, context: GeneratorContext): Promise<Parameters[]> {
  if (generator.selector !== undefined) throw new NotFollowed("a generator with a selector");
  if (generator.list) return listed(generator.list, context);
  if (generator.git) return fromGit(generator.git, context);
  if (generator.matrix) return matrix(generator.matrix.generators ?? [], context);
  const kind = Object.keys(generator).find((name) => name !== "template") ?? "without a kind";
  throw new NotFollowed(`the generator ${kind}`);
}

function listed(
  { elements = [], elementsYaml }: NonNullable<Generator["list"]>,
  context: GeneratorContext,
): Parameters[] {
  const all = [...elements, ...((elementsYaml === undefined ? [] : load(elementsYaml)) as Parameters[])];
  return context.goTemplate ? all : all.map((element) => flat(element));
}

async function matrix(generators: readonly Generator[], context: GeneratorContext): Promise<Parameters[]> {
  const [first, second] = generators;
  if (!first || !second || generators.length > 2) throw new NotFollowed("a matrix of other than two generators");
  const sets: Parameters[] = [];
  for (const one of await evaluate(first, context)) {
    // The second generator may use what the first yields.
    const [filled] = await fillTree(second, [one], context);
    for (const other of await evaluate(filled as Generator, context))
      sets.push((context.goTemplate ? mergePatch(one, other) : { ...one, ...other }) as Parameters);
  }
  return sets;
}

async function fromGit(git: GitGenerator, context: GeneratorContext): Promise<Parameters[]> {
  const { repoURL = "", directories, files, values = {}, pathParamPrefix: prefix } = git;
  if (!context.isOurs(repoURL)) throw new NotFollowed(`the generator git of ${repoURL || "no repository"}`);
  const matches = (rules: NonNullable<GitGenerator["files"]>, name: string, match: typeof pathMatch): boolean =>
    rules.some((rule) => rule.exclude !== true && match(rule.path, name)) &&
    !rules.some((rule) => rule.exclude === true && match(rule.path, name));
  const sets = directories
    ? foldersOf(context.names)
        .filter((name) => matches(directories, name, pathMatch))
        .map((name) => pathParameters(name, undefined, context.goTemplate, prefix))
    : context.names
        .filter((name) => matches(files ?? [], name, (pattern, path) => globMatch(pattern, path)))
        .flatMap((name) => {
          const path = pathParameters(posix.dirname(name), posix.basename(name), context.goTemplate, prefix);
          return contents(name, context).map((content) => ({ ...content, ...path }));
        });
  if (Object.keys(values).length === 0) return sets;
  const filled = await fillTree(values, sets, context);
  return sets.map((set, index) => ({
    ...set,
    ...(context.goTemplate ? { values: filled[index] } : flat({ values: filled[index] })),
  }));
}

/** A parameter file's objects: one, or a list of them. */
function contents(name: string, { repository, goTemplate }: GeneratorContext): Parameters[] {
  const content = load(readFileSync(join(repository, name), "utf8"));
  return ((Array.isArray(content) ? content : [content ?? {}]) as Parameters[]).map((set) =>
    goTemplate ? set : flat(set),
  );
}

/** Every folder with a file in it, at any depth, but hidden ones. */
function foldersOf(names: readonly string[]): string[] {
  const all = names.flatMap((name) => {
    const steps = name.split("/").slice(0, -1);
    return steps.map((_step, index) => steps.slice(0, index + 1).join("/"));
  });
  return [...new Set(all)].filter((folder) => !folder.split("/").some((step) => step.startsWith("."))).sort();
}

function pathParameters(path: string, filename: string | undefined, go: boolean, prefix?: string): Parameters {
  const normal = (text: string): string =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]/g, "-")
      .slice(0, 253)
      .replaceAll(/^[-.]+|[-.]+$/g, "");
  const basename = posix.basename(path);
  const names = {
    basename,
    basenameNormalized: normal(basename),
    ...(filename === undefined ? {} : { filename, filenameNormalized: normal(filename) }),
  };
  const segments = path.split("/");
  if (go) {
    const parameters = { path: { path, ...names, segments } };
    return prefix ? { [prefix]: parameters } : parameters;
  }
  const dot = prefix ? `${prefix}.` : "";
  return {
    [`${dot}path`]: path,
    ...Object.fromEntries(Object.entries(names).map(([name, value]) => [`${dot}path.${name}`, value])),
    ...Object.fromEntries(segments.map((step, index) => [`${dot}path[${index}]`, step])),
  };
}

/** `{ a: { b: 1 } }` → `{ "a.b": "1" }`. */
function flat(value: unknown, path = ""): Record<string, string> {
  if (typeof value !== "object" || value === null) {
    const scalar = (value ?? "") as string | number | boolean;
    return { [path]: String(scalar) };
  }
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, field]) => flat(field, path === "" ? name : `${path}.${name}`)),
  ) as Record<string, string>;
}
