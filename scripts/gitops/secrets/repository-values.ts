import { resolve } from "node:path";
import { paths } from "../../local/platform/paths";
import { renderEnvironment } from "../manifests/environments";
import { type Finding, sentences } from "../manifests/finding";
import { plainSecretFiles, readFiles } from "../manifests/files";
import { kustomize } from "../manifests/kustomize";
import { nameOf } from "../manifests/rendered";
import { type SealedValue, sealedValues } from "./sealed-secrets";
import { stackRootPath } from "./stack-file";

/** What a stack's root path leads to in a repository. */
export interface RepositoryValues {
  /** Absolute. */
  readonly repository: string;
  readonly values: readonly SealedValue[];
  /** What kept something from being looked at, and Secrets in clear. */
  readonly findings: readonly Finding[];
}

/** Collects every sealed value that a stack's cluster would get from a repository. */
export async function repositoryValues(stack: string, file: string, folder: string): Promise<RepositoryValues> {
  const repository = resolve(folder);
  const render = await kustomize(paths.cache, (line) => void process.stderr.write(`${line}\n`));
  const environment = await renderEnvironment(render, repository, stack, stackRootPath(file));
  const files = readFiles(repository);
  const plain = environment.parts.flatMap(({ place, objects }) =>
    objects
      .filter(({ kind }) => kind === "Secret")
      .map((object) => ({ rule: "plain-secret", place, object: nameOf(object), text: "is a Secret in clear; seal it with npm run seal" })),
  );
  return {
    repository,
    values: sealedValues(environment, repository),
    findings: [...environment.findings, ...files.findings, ...plainSecretFiles(files.documents), ...plain],
  };
}

/** An error that lists findings. */
export function failure(headline: string, findings: readonly Finding[]): Error {
  const lines = sentences(findings);
  const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
  return new Error(`${headline} has ${count}:\n${lines.map((line) => `  - ${line}`).join("\n")}`);
}
