import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { execa } from "execa";
import { renderEnvironment } from "./environments";
import { readFiles } from "./files";
import { sentences } from "./finding";
import { loadRenderers } from "./renderers";
import type { Renderers } from "./rendering";
import { type RenderedFile, renderedFiles, writeRendition } from "./rendition";
import { rootPaths } from "./roots";
import { withStandIns } from "./working-copy";

interface RenderRequest {
  readonly name: string;
  readonly repository: string;
  readonly diff: string | undefined;
}

interface Rendition {
  readonly files: readonly RenderedFile[];
  /** Whether nothing is broken. */
  readonly whole: boolean;
}

/** Renders one environment of a repository. What can't be rendered goes to standard error, a sentence each. */
async function rendition(renderers: Renderers, repository: string, name: string): Promise<Rendition> {
  const draw = async (folder: string) => {
    const content = readFiles(folder);
    const names = rootPaths(folder, content);
    const rootPath = names.get(name) ?? (existsSync(join(folder, name)) ? name : undefined);
    if (rootPath === undefined) {
      const known = [...names.keys()].join(", ");
      throw new Error(`${name} — is no environment of this repository and no folder in it; name one of ${known}`);
    }
    return renderEnvironment({ renderers, repository: folder, content, name, rootPath });
  };
  // Every platform seals for itself, so the starter's own SealedSecrets are stand-ins.
  const starter = basename(repository) === "gitops";
  const { findings, unseen, ...environment } = await (starter
    ? withStandIns(repository, false, draw)
    : draw(repository));
  for (const sentence of sentences(findings)) process.stderr.write(`${name}: ${sentence}\n`);
  for (const { object, reason } of unseen) process.stderr.write(`${name}: not rendered: ${object}: ${reason}\n`);
  return { files: renderedFiles(environment), whole: findings.length === 0 };
}

/** Puts the repository as a Git reference has it into a directory. */
async function checkOut(repository: string, reference: string, directory: string): Promise<string> {
  const git = (...args: string[]) => execa("git", args, { cwd: repository, reject: false });
  const commit = await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${reference}^{commit}`);
  if (commit.exitCode !== 0)
    throw new Error(
      `--diff ${reference} — is neither an environment nor a commit, branch or tag here; name one of those`,
    );
  const top = (await git("rev-parse", "--show-toplevel")).stdout;
  const folder = (await git("rev-parse", "--show-prefix")).stdout.replace(/\/$/, "");
  // A folder called as here: the starter is told by its name.
  const target = join(directory, basename(repository));
  mkdirSync(target);
  const archive = await execa("git", ["archive", "--format=tar", commit.stdout, ...(folder === "" ? [] : [folder])], {
    cwd: top,
    encoding: "buffer",
    reject: false,
  });
  if (archive.exitCode !== 0) throw new Error(`--diff ${reference} — that commit has no ${folder}; name a newer one`);
  const strip = folder === "" ? 0 : folder.split("/").length;
  await execa("tar", ["-x", "-C", target, `--strip-components=${strip}`], { input: archive.stdout });
  return target;
}

/**
 * Prints everything that an environment's root path leads to, or what differs from another environment or commit.
 *
 * @returns 1 if something can't be rendered: what can be is printed all the same
 * @param request the environment, the folder of the repository, and what to compare with. @default no comparison
 */
export async function renderOrCompare(cache: string, request: RenderRequest): Promise<number> {
  const { diff, name } = request;
  const repository = resolve(request.repository);
  if (!existsSync(repository))
    throw new Error(`--repository ${repository} — doesn't exist; give an infrastructure repository`);
  const renderers = await loadRenderers(cache, (line) => void process.stderr.write(`${line}\n`));
  const { files, whole } = await rendition(renderers, repository, name);
  if (diff === undefined) {
    for (const file of files) process.stdout.write(`--- # ${file.name}\n${file.text}`);
    return whole ? 0 : 1;
  }
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-render-"));
  try {
    const between = rootPaths(repository, readFiles(repository)).has(diff);
    const other = between
      ? await rendition(renderers, repository, diff)
      : await rendition(renderers, await checkOut(repository, diff, scratch), name);
    const [before, after] = between ? [diff, name] : ["before", "after"];
    writeRendition(other.files, join(scratch, "diff", before));
    writeRendition(files, join(scratch, "diff", after));
    const colour = process.stdout.isTTY ? "--color=always" : "--color=never";
    const { stdout, exitCode } = await execa(
      "git",
      ["diff", "--no-index", "--no-prefix", colour, "--", before, after],
      {
        cwd: join(scratch, "diff"),
        reject: false,
      },
    );
    if (exitCode === 0) process.stderr.write(`${name} and ${diff} are the same\n`);
    else process.stdout.write(`${stdout}\n`);
    return whole && other.whole ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
