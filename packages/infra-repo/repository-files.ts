import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execaSync } from "execa";

/** The files of a repository, relative to it and sorted: what is in Git or could be added. What Git ignores is left out. */
export function repositoryFiles(repository: string): string[] {
  const own = existsSync(join(repository, ".git")) ? listed(repository, ["--cached"]) : undefined;
  const names = own ?? ignoring(repository) ?? walked(repository);
  return names.filter((name) => lstatSync(join(repository, name), { throwIfNoEntry: false })?.isFile()).sort();
}

function listed(repository: string, args: readonly string[], gitDirectory?: string): string[] | undefined {
  // A repository's own settings may start programs; none is needed to list files.
  const git = ["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"];
  if (gitDirectory !== undefined) git.push(`--git-dir=${gitDirectory}`, "--work-tree=.");
  const { exitCode, stdout } = execaSync("git", [...git, "ls-files", "-z", "--others", "--exclude-standard", ...args], {
    cwd: repository,
    reject: false,
    maxBuffer: 1 << 28,
  });
  return exitCode === 0 ? [...new Set(stdout.split("\0").filter((name) => name !== ""))] : undefined;
}

/** Asks Git with an empty repository of our own: the folder is a copy, or a part of another repository. */
function ignoring(repository: string): string[] | undefined {
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-ignored-"));
  try {
    const { exitCode } = execaSync("git", ["init", "--quiet", "--bare", scratch], { reject: false });
    return exitCode === 0 ? listed(repository, [], scratch) : undefined;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Without Git, everything is looked at. */
function walked(repository: string): string[] {
  return readdirSync(repository, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(repository.length + 1))
    .filter((file) => !/(^|\/)(\.git|node_modules)\//.test(file));
}
