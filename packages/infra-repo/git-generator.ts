import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { readDocuments } from "./kubectl-yaml";
import { globMatch, pathMatch } from "./glob";
import { flat, type GeneratorContext, NotFollowed, withValues } from "./parameters";
import type { Parameters } from "./templates";

export interface GitGenerator {
  readonly repoURL?: string;
  readonly revision?: string;
  readonly directories?: readonly PathRule[] | null;
  readonly files?: readonly PathRule[] | null;
  readonly pathParamPrefix?: string;
  readonly values?: Readonly<Record<string, string>>;
}

interface PathRule {
  readonly path: string;
  readonly exclude?: boolean;
}

/** The parameters of this repository's folders or files. @throws NotFollowed for another repository */
export async function fromGit(git: GitGenerator, context: GeneratorContext): Promise<Parameters[]> {
  const { repoURL = "", revision = "HEAD", values = {} } = git;
  const directories = git.directories ?? [];
  const files = git.files ?? [];
  if (!context.isOurs(repoURL)) throw new NotFollowed(`the generator git of ${repoURL || "no repository"}`);
  if (directories.length + files.length === 0) throw new Error("the generator git names no directories and no files");
  if (!/^(HEAD|main|master|)$/.test(revision))
    context.notes.add(`its generator git follows ${revision}; the files that are here were looked at`);
  const sets =
    directories.length > 0
      ? foldersOf(context.names)
          .filter((name) => isMeant(directories, name, pathMatch))
          .map((name) => pathParameters(name, undefined, git, context))
      : [...context.names]
          .sort()
          .filter((name) => isMeant(files, name, isPathspec))
          .flatMap((name) => fileParameters(name, git, context));
  return withValues(values, sets, context);
}

/** A rule with `exclude` wins, wherever it stands. */
function isMeant(rules: readonly PathRule[], name: string, match: (pattern: string, name: string) => boolean): boolean {
  const matching = rules.filter(({ path }) => match(path, name));
  return matching.length > 0 && matching.every(({ exclude }) => exclude !== true);
}

/** A file as git takes its name: by a pattern whose `*` goes over `/`, or by a folder above it. */
function isPathspec(pattern: string, name: string): boolean {
  return globMatch(pattern, name) || name.startsWith(`${pattern.replace(/\/$/, "")}/`);
}

/** A parameter file's objects: one, or a list of them. */
function fileParameters(name: string, git: GitGenerator, context: GeneratorContext): Parameters[] {
  const [content] = readDocuments(readFileSync(join(context.repository, name), "utf8"));
  const all = Array.isArray(content) ? (content as unknown[]) : [content ?? {}];
  const path = pathParameters(posix.dirname(name), posix.basename(name), git, context);
  return all.map((set) => {
    if (typeof set !== "object" || set === null || Array.isArray(set))
      throw new Error(`${name} holds no object, and no list of objects`);
    return { ...(context.goTemplate ? set : flat(set)), ...path };
  });
}

/** Every folder with a file in it, at any depth, but hidden ones. */
function foldersOf(names: readonly string[]): string[] {
  const all = names.flatMap((name) => {
    const steps = name.split("/").slice(0, -1);
    return steps.map((_step, index) => steps.slice(0, index + 1).join("/"));
  });
  return [...new Set(all)].filter((folder) => !folder.split("/").some((step) => step.startsWith("."))).sort();
}

/** A name that DNS takes. */
function normal(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, "-")
    .slice(0, 253)
    .replaceAll(/^[-.]+|[-.]+$/g, "");
}

function pathParameters(
  path: string,
  filename: string | undefined,
  { pathParamPrefix: prefix }: GitGenerator,
  { goTemplate }: GeneratorContext,
): Parameters {
  const basename = posix.basename(path);
  const names = {
    basename,
    basenameNormalized: normal(basename),
    ...(filename === undefined ? {} : { filename, filenameNormalized: normal(filename) }),
  };
  const segments = path.split("/");
  if (goTemplate) {
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
