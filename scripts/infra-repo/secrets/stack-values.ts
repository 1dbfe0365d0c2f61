import { resolve } from "node:path";
import { type RepositoryValues, repositoryValues } from "@gitops-platform/infra-repo/sealed/repository-values";
import { paths } from "../../lib/paths";
import { stackRepository, stackRootPath } from "./stack-file";

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
export function stackValues(stack: string, file: string, flags: RepositoryFlags): Promise<RepositoryValues> {
  return repositoryValues({
    repository: resolve(flags.repository),
    name: stack,
    rootPaths: flags.path ?? [stackRootPath(file)],
    repoURL: stackRepository(file),
    cache: paths.cache,
    log: (line) => void process.stderr.write(`${line}\n`),
  });
}
