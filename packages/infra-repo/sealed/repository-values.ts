import { type Part, renderEnvironment } from "../environments";
import { type FileDocument, readFiles } from "../files";
import type { Finding } from "../finding";
import { itemsOf } from "../kubectl-yaml";
import { OBJECT_RULES } from "../object-rules";
import { plainSecrets } from "../plain-secrets";
import { nameOf } from "../rendered";
import { loadRenderers } from "../renderers";
import { type SealedValue, sealedValues } from "./sealed-secrets";

/** What a cluster's root paths lead to in a repository. */
export interface RepositoryValues {
  /** Absolute. */
  readonly repository: string;
  readonly values: readonly SealedValue[];
  /** What kept something from being looked at, and Secrets in clear. */
  readonly findings: readonly Finding[];
  /** What was not looked at, a sentence each. */
  readonly notes: readonly string[];
}

/** Where to look for a cluster's sealed values. */
export interface ValuesRequest {
  /** Absolute. */
  readonly repository: string;
  /** Name of the environment in findings. */
  readonly name: string;
  readonly rootPaths: readonly string[];
  /** URL under which Applications name the repository itself. @default its remotes */
  readonly repoURL: string | undefined;
  readonly cache: string;
  /** Takes a line when something has to be downloaded. */
  readonly log: (line: string) => void;
}

/** Collects every sealed value that a cluster would get from a repository. */
export async function repositoryValues(request: ValuesRequest): Promise<RepositoryValues> {
  const { name, repository, repoURL, rootPaths } = request;
  const renderers = await loadRenderers(request.cache, request.log);
  const content = readFiles(repository);
  const values: SealedValue[] = [];
  const notes: string[] = [];
  const findings: Finding[] = [...content.findings, ...plainSecrets(content)];
  for (const rootPath of rootPaths) {
    const environment = await renderEnvironment({ renderers, repository, content, name, rootPath, repoURL });
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
