import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { globMatch } from "./glob";
import { readObjects } from "./kubectl-yaml";
import type { KubernetesObject } from "./kubernetes-object";
import type { Rendering } from "./rendering";

export interface DirectorySettings {
  readonly recurse?: boolean;
  readonly include?: string;
  readonly exclude?: string;
}

/** Reads a plain folder as Argo CD does: manifests of the folder itself, of those below it only when it says so. */
export function readDirectory(repository: string, path: string, settings: DirectorySettings): Rendering {
  const directory = join(repository, path);
  const files = readdirSync(directory, { withFileTypes: true, recursive: settings.recurse ?? false })
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((name) => /\.(ya?ml|json|jsonnet)$/.test(name) && !name.startsWith(".git/"))
    .filter((name) => !settings.exclude || !globMatch(settings.exclude, name))
    .filter((name) => !settings.include || globMatch(settings.include, name))
    .sort();
  const isJsonnet = (name: string): boolean => name.endsWith(".jsonnet");
  const objects: KubernetesObject[] = [];
  const broken: string[] = [];
  for (const name of files.filter((each) => !isJsonnet(each))) {
    const text = readFileSync(join(directory, name), "utf8");
    if (text.includes("+argocd:skip-file-rendering")) continue;
    try {
      objects.push(...readObjects(text));
    } catch (error) {
      // Argo CD passes over a file that doesn't look like a manifest.
      if (["apiVersion:", "kind:", "metadata:"].every((word) => text.includes(word)))
        broken.push(`${name}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
  }
  return { objects, broken, leftOut: files.filter(isJsonnet).map((name) => `${name} is Jsonnet, and isn't evaluated`) };
}
