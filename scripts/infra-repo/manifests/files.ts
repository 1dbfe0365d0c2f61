import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Finding } from "./finding";

/** A YAML document of a repository, as it is written. */
export interface FileDocument {
  /** Relative to the repository. */
  readonly file: string;
  /** Where in the file it is, from 0. */
  readonly index: number;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Every document of every YAML file of a repository, and those that are no YAML. */
export function readFiles(repository: string): { documents: readonly FileDocument[]; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const documents = yamlFiles(repository).flatMap((file) =>
    parseAllDocuments(readFileSync(join(repository, file), "utf8")).flatMap((document, index): FileDocument[] => {
      const [error] = document.errors;
      if (error) {
        const at = error.linePos?.[0];
        const text = `is no YAML: ${error.message.split("\n")[0]?.replace(/ at line.*$/, "") ?? ""}; correct it`;
        findings.push({ rule: "yaml", place: at ? `${file}:${at.line}` : file, text });
        return [];
      }
      const content: unknown = document.toJS();
      if (typeof content !== "object" || content === null) return [];
      return [{ file, index, content: content as Record<string, unknown> }];
    }),
  );
  return { documents, findings };
}

/**
 * Secrets in clear, whether anything lists the file or not: what is in Git is out. Those that kustomize would generate
 * are here too.
 */
export function plainSecretFiles(documents: readonly FileDocument[]): Finding[] {
  return documents.flatMap(({ file, content }): Finding[] => {
    const cure = "seal it (npm run seal), and change the value wherever it is used: Git never forgets";
    if (content["kind"] === "Secret") {
      const { name } = (content["metadata"] ?? {}) as { name?: string };
      return [
        { rule: "plain-secret", place: file, object: `Secret ${name ?? ""}`, text: `is a Secret in clear; ${cure}` },
      ];
    }
    if (content["kind"] !== "Kustomization" && content["kind"] !== "Component") return [];
    if (content["secretGenerator"] === undefined) return [];
    return [{ rule: "plain-secret", place: file, field: "secretGenerator", text: `makes a Secret in clear; ${cure}` }];
  });
}

function yamlFiles(repository: string): string[] {
  return readdirSync(repository, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(repository.length + 1))
    .filter((file) => !file.startsWith(".git/"))
    .sort();
}
