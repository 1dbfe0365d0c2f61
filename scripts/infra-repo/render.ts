/**
 * `npm run --silent render -- ENVIRONMENT [--diff OTHER] [--repository FOLDER]`: everything that an environment's root
 * path leads to, rendered, in an order that never changes; with `--diff` what would be different from OTHER, which is
 * another environment or a Git reference: `npm run --silent render -- production --diff staging`.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { paths, root } from "../lib/paths";
import { environmentNames, renderEnvironment } from "./manifests/environments";
import { sentences } from "./manifests/finding";
import { kustomize, type Render } from "./manifests/kustomize";
import { type RenderedFile, renderedFiles, writeRendition } from "./manifests/rendition";
import { withStandIns } from "./manifests/working-copy";

const USAGE = "usage: npm run --silent render -- ENVIRONMENT [--diff ENVIRONMENT|GIT_REFERENCE] [--repository FOLDER]";

/** Renders one environment of a repository. @throws with every part that can't be rendered */
async function rendition(render: Render, repository: string, name: string): Promise<RenderedFile[]> {
  const names = environmentNames(repository);
  const rootPath = names.get(name);
  if (rootPath === undefined)
    throw new Error(
      `${name} — no application has an overlay of that name; name one of ${[...names.keys()].join(", ")}`,
    );
  const draw = (folder: string): ReturnType<typeof renderEnvironment> =>
    renderEnvironment(render, folder, name, rootPath);
  // Every platform seals for itself, so the starter's own SealedSecrets are stand-ins.
  const starter = basename(repository) === "gitops";
  const environment = await (starter ? withStandIns(repository, false, draw) : draw(repository));
  if (environment.findings.length > 0) throw new Error(sentences(environment.findings).join("\n"));
  return renderedFiles(environment);
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

async function main(args: readonly string[]): Promise<void> {
  const options = { diff: { type: "string" }, repository: { type: "string", default: join(root, "gitops") } } as const;
  const { positionals, values: flags } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) throw new Error(USAGE);
  const repository = resolve(flags.repository);
  if (!existsSync(repository))
    throw new Error(`--repository ${repository} — doesn't exist; give an infrastructure repository`);
  const render = await kustomize(paths.cache, (line) => void process.stderr.write(`${line}\n`));
  const files = await rendition(render, repository, name);
  if (flags.diff === undefined) {
    for (const file of files) process.stdout.write(`--- # ${file.name}\n${file.text}`);
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-render-"));
  try {
    const between = environmentNames(repository).has(flags.diff);
    const other = between
      ? await rendition(render, repository, flags.diff)
      : await rendition(render, await checkOut(repository, flags.diff, scratch), name);
    const [before, after] = between ? [flags.diff, name] : ["before", "after"];
    writeRendition(other, join(scratch, "diff", before));
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
    if (exitCode === 0) process.stderr.write(`${name} and ${flags.diff} are the same\n`);
    else process.stdout.write(`${stdout}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
