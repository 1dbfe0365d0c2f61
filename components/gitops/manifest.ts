import { loadAll } from "js-yaml";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject } from "../objects/kubernetes-object";

const FOLDER = join(__dirname, "manifests");

/**
 * Reads one of the vendored manifests: `argocd-v2.7.15-install.yaml`. Fields without a value are dropped, as rendered
 * charts have many: the API drops them too, and an object that differs from what is live would always show as changed.
 *
 * js-yaml, because it takes an eighth of the time on these files (0.12 s and not 1 s), and every preview pays it.
 *
 * @param unread name of a definition that is left out unparsed, for the sake of that time. @default none
 */
export function readManifest(file: string, unread?: string): KubernetesObject[] {
  const texts = readFileSync(join(FOLDER, file), "utf8").split(/^---$/m);
  return texts
    .filter((text) => unread === undefined || !text.includes(`\n  name: ${unread}\n`))
    .flatMap((text): unknown[] => loadAll(text))
    .filter((document) => document !== null && document !== undefined)
    .map((document) => {
      const object = withoutNulls(document);
      if (!isKubernetesObject(object)) {
        throw new Error(
          `${file} — holds a document that is no Kubernetes object (need apiVersion, kind and metadata.name)` +
            " — vendor it again from the official release",
        );
      }
      return object;
    });
}

function isKubernetesObject(value: unknown): value is KubernetesObject {
  if (typeof value !== "object" || value === null) return false;
  const { apiVersion, kind, metadata } = value as Partial<KubernetesObject>;
  return typeof apiVersion === "string" && typeof kind === "string" && typeof metadata?.name === "string";
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(entries.map(([name, field]) => [name, withoutNulls(field)]));
}
