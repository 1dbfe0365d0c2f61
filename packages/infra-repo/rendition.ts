import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { KubernetesObject } from "./kubernetes-object";
import type { Environment } from "./environments";
import { sorted, writeObject } from "./kubectl-yaml";

/** One object of an environment as text, under a name that is the same in every environment. */
export interface RenderedFile {
  /** `web/Deployment.web.web.yaml`: part, kind, namespace, name. */
  readonly name: string;
  readonly text: string;
}

/** An environment's objects in an order that doesn't depend on how they are written: by part, kind, namespace, name. */
export function renderedFiles(environment: Pick<Environment, "parts">): RenderedFile[] {
  return environment.parts
    .flatMap(({ name, objects }) => objects.map((object) => ({ name: fileName(name, object), text: text(object) })))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Writes them below a directory. */
export function writeRendition(files: readonly RenderedFile[], directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const { name, text: content } of files) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
}

function fileName(part: string, { kind, metadata }: KubernetesObject): string {
  const words = [kind, metadata.namespace, metadata.name].filter((word) => word !== undefined && word !== "");
  return `${part}/${words.join(".").replaceAll(/[^\w.-]/g, "_")}.yaml`;
}

/** Keys sorted, but for the four that say what the object is. */
function text({ apiVersion, kind, metadata, ...rest }: KubernetesObject): string {
  return writeObject({ apiVersion, kind, metadata: sorted(metadata), ...(sorted(rest) as object) });
}
