import { resolve } from "node:path";
import { paths } from "../../lib/paths";
import { type Part, renderEnvironment } from "@gitops-platform/infra-repo/environments";
import { type FileDocument, readFiles } from "@gitops-platform/infra-repo/files";
import { type Finding, sentences } from "@gitops-platform/infra-repo/finding";
import { itemsOf } from "@gitops-platform/infra-repo/kubectl-yaml";
import { OBJECT_RULES } from "@gitops-platform/infra-repo/object-rules";
import { plainSecrets } from "@gitops-platform/infra-repo/plain-secrets";
import { nameOf } from "@gitops-platform/infra-repo/rendered";
import { loadRenderers } from "@gitops-platform/infra-repo/renderers";
import { type SealedValue, sealedValues } from "./sealed-secrets";
import { stackRepository, stackRootPath } from "./stack-file";

/** What a stack's root path leads to in a repository. */
export interface RepositoryValues {
  /** Absolute. */
  readonly repository: string;
  readonly values: readonly SealedValue[];
  /** What kept something from being looked at, and Secrets in clear. */
  readonly findings: readonly Finding[];
  /** What was not looked at, a sentence each. */
  readonly notes: readonly string[];
}

/** The flags of a command that reads the repository. */
export const REPOSITORY_OPTIONS = {
  repository: { type: "string", value: "FOLDER", default: "gitops", summary: "the infrastructure repository" },
  path: {
    type: "string",
    value: "ROOT_PATH",
    multiple: true,
    summary: "a root path in it (default: the stack's own, gitops.path)",
  },
} as const;

export interface RepositoryFlags {
  /** Folder of the infrastructure repository. */
  readonly repository: string;
  /** Root paths. @default the stack's own: `gitops.path` */
  readonly path?: readonly string[] | undefined;
}

/** Collects every sealed value that a stack's cluster would get from a repository. */
export async function repositoryValues(stack: string, file: string, flags: RepositoryFlags): Promise<RepositoryValues> {
  const repository = resolve(flags.repository);
  const renderers = await loadRenderers(paths.cache, (line) => void process.stderr.write(`${line}\n`));
  const content = readFiles(repository);
  const repoURL = stackRepository(file);
  const values: SealedValue[] = [];
  const notes: string[] = [];
  const findings: Finding[] = [...content.findings, ...plainSecrets(content)];
  const rootPaths = flags.path ?? [stackRootPath(file)];
  for (const rootPath of rootPaths) {
    const environment = await renderEnvironment({ renderers, repository, content, name: stack, rootPath, repoURL });
    values.push(...sealedValues(environment, content.documents));
    findings.push(...environment.findings, ...environment.parts.flatMap(valueFindings));
    notes.push(...environment.unseen.map(({ object, reason }) => `${object}: ${reason}`));
  }
  if (values.length === 0) findings.push(...unreached(content.documents, rootPaths));
  return { repository, values, findings, notes };
}

/** What the object rules say of Secrets, in clear and sealed. */
function valueFindings({ place, objects }: Part): Finding[] {
  return objects
    .filter(({ kind }) => kind === "Secret" || kind === "SealedSecret")
    .flatMap((object) =>
      OBJECT_RULES.flatMap((rule) => rule(object)).map((complaint) => ({
        ...{ place, object: nameOf(object) },
        ...complaint,
      })),
    );
}

/** SealedSecrets in a repository whose root path leads to none of them: nothing was checked. */
function unreached(documents: readonly FileDocument[], rootPaths: readonly string[]): Finding[] {
  return documents.flatMap(({ file, line, content }) =>
    itemsOf(content)
      .filter(({ kind }) => kind === "SealedSecret")
      .map((object) => ({
        ...{ rule: "sealed", place: `${file}:${line}`, object: nameOf(object) },
        text: `${rootPaths.join(", ")} doesn't lead to it, so it was not opened; name the root path with --path, or remove the file`,
      })),
  );
}

/** An error that lists findings. */
export function failure(headline: string, findings: readonly Finding[]): Error {
  const lines = sentences(findings);
  const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
  return new Error(`${headline} has ${count}:\n${lines.map((line) => `  - ${line}`).join("\n")}`);
}
