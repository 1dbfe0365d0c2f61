import { existsSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { isArgoCd } from "./applications";
import type { Environment } from "./environments";
import type { RepositoryContent } from "./files";
import { itemsOf } from "./kubectl-yaml";
import { hasKustomization } from "./source";

/** The folder of a repository like the starter that holds its root paths. */
const ROOT = "applications";
/** The environment that the bare root path stands for. */
const DEFAULT = "local";

/** Every overlay of a repository, relative to it: `apps/web/overlays/staging`. */
export function overlays(repository: string): string[] {
  return folders(repository, "apps").flatMap((app) => folders(repository, `${app}/overlays`));
}

/**
 * The root paths of a repository by the name of their environment: those that overlays are named after, and every folder
 * with an Application that no kustomization takes up.
 */
export function rootPaths(repository: string, content: RepositoryContent): ReadonlyMap<string, string> {
  const overlaid = overlays(repository).map((overlay) => overlay.slice(overlay.lastIndexOf("/") + 1));
  // Elsewhere, overlays' names say nothing about root paths.
  const names = overlaid.some((name) => existsSync(join(repository, ROOT, name))) ? overlaid : [];
  const paths = [
    ...names.map((name) => (name === DEFAULT ? ROOT : `${ROOT}/${name}`)),
    ...foldersOfApplications(repository, content).filter((path) => !TEST_DATA.test(path)),
  ];
  return new Map([...new Set(paths)].sort().map((path) => [environmentName(path), path]));
}

/** Folders with Applications that are test data by their names: no Argo CD starts there. */
export function testData(repository: string, content: RepositoryContent): string[] {
  return [...new Set(foldersOfApplications(repository, content).filter((path) => TEST_DATA.test(path)))];
}

const TEST_DATA = /(^|\/)(tests|fixtures?|testdata|__tests__|__fixtures__)(\/|$)/;

/** Whether a root path has its place and name by convention. Of others, it isn't known whether an Application has them. */
export function isConventional(path: string): boolean {
  return path === ROOT || posix.dirname(path) === ROOT;
}

function environmentName(path: string): string {
  if (path === ROOT) return DEFAULT;
  return posix.dirname(path) === ROOT ? posix.basename(path) : path;
}

/** Leaves out the root paths that another one leads to: they are no roots. */
export function withoutReached(environments: readonly Environment[]): Environment[] {
  return [...environments].reverse().reduce<Environment[]>(
    (kept, environment) => {
      const { rootPath } = environment;
      const others = kept.filter((other) => other !== environment);
      const isReached = others.some(({ parts }) =>
        parts.some(
          ({ name, place, recursive }) =>
            name !== "root" &&
            (place === rootPath || (recursive && (place === "." || rootPath.startsWith(`${place}/`)))),
        ),
      );
      return isReached ? others : kept;
    },
    [...environments],
  );
}

function foldersOfApplications(repository: string, { documents, texts }: RepositoryContent): string[] {
  const parents = kustomizations(documents);
  const components = new Set(
    documents.filter(({ content }) => content["kind"] === "Component").map(({ file }) => posix.dirname(file)),
  );
  const written = documents
    .filter(({ content }) =>
      itemsOf(content).some((object) => isArgoCd(object, "Application") || isArgoCd(object, "ApplicationSet")),
    )
    .flatMap(({ file }) => {
      const tops = topsOf(file, parents);
      const folder = posix.dirname(file);
      // A folder's kustomization that leaves a file out has it off.
      if (tops.length === 0) return hasKustomization(join(repository, folder)) ? [] : [folder];
      // Argo CD doesn't start at a Component: one that nothing takes up is off.
      return tops.filter((top) => !components.has(top));
    });
  const charts = texts
    .filter(({ file, text }) => file.includes("/templates/") && /^kind:\s*Application(Set)?\s*$/m.test(text))
    .map(({ file }) => file.slice(0, file.indexOf("/templates/")));
  return [...written, ...charts];
}

/** Which kustomizations take up a file or a folder, by its path. */
function kustomizations(documents: RepositoryContent["documents"]): ReadonlyMap<string, ReadonlySet<string>> {
  const parents = new Map<string, Set<string>>();
  for (const { file, content } of documents) {
    if (!/(^|\/)(kustomization\.ya?ml|Kustomization)$/.test(file)) continue;
    const folder = posix.dirname(file);
    for (const field of ["resources", "bases", "components"]) {
      const entries: readonly unknown[] = Array.isArray(content[field]) ? (content[field] as unknown[]) : [];
      for (const entry of entries.filter((item) => typeof item === "string")) {
        const path = posix.join(folder, entry).replace(/\/$/, "");
        parents.set(path, (parents.get(path) ?? new Set()).add(folder));
      }
    }
  }
  return parents;
}

function topsOf(
  path: string,
  parents: ReadonlyMap<string, ReadonlySet<string>>,
  seen: readonly string[] = [],
): string[] {
  const above = [...(parents.get(path) ?? [])].filter((folder) => !seen.includes(folder));
  return above.flatMap((folder) => {
    const tops = topsOf(folder, parents, [...seen, folder]);
    return tops.length > 0 ? tops : [folder];
  });
}

function folders(repository: string, parent: string): string[] {
  const directory = join(repository, parent);
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${parent}/${name}`)
    .sort();
}
