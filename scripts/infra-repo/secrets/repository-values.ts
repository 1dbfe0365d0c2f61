import { resolve } from "node:path";
import { paths } from "../../lib/paths";
import { type Part, renderEnvironment } from "../manifests/environments";
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
  const render = await kustomize(paths.cache, (line) => void process.stderr.write(`${line}\n`));
  const files = readFiles(repository);
  const values: SealedValue[] = [];
  const findings: Finding[] = [...files.findings, ...plainSecretFiles(files.documents)];
  for (const path of flags.path ?? [stackRootPath(file)]) {
    const environment = await renderEnvironment(render, repository, stack, path);
    values.push(...sealedValues(environment, files.documents));
    findings.push(...environment.findings, ...environment.parts.flatMap(plainSecrets));
  }
  return { repository, values, findings };
}

function plainSecrets({ place, objects }: Part): Finding[] {
  const text = "is a Secret in clear; seal it with npm run seal";
  return objects
    .filter(({ kind }) => kind === "Secret")
    .map((object) => ({ rule: "plain-secret", place, object: nameOf(object), text }));
}

/** An error that lists findings. */
export function failure(headline: string, findings: readonly Finding[]): Error {
  const lines = sentences(findings);
  const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`;
  return new Error(`${headline} has ${count}:\n${lines.map((line) => `  - ${line}`).join("\n")}`);
}
