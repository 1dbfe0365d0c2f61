import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { execa } from "execa";
import { defineCommand, runAsProgram } from "../lib/command";
import { paths, root } from "../lib/paths";
import { environmentNames, renderEnvironment } from "./manifests/environments";
import { sentences } from "./manifests/finding";
import { kustomize, type Render } from "./manifests/kustomize";
import { type RenderedFile, renderedFiles, writeRendition } from "./manifests/rendition";
import { withStandIns } from "./manifests/working-copy";

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

async function renderOrCompare(name: string, flags: { repository: string; diff: string | undefined }): Promise<void> {
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

export const command = defineCommand({
  name: "npm run --silent render",
  summary:
    "Prints everything that an environment's root path leads to, rendered, in an order that never changes; with --diff what " +
    "differs from another environment or commit.",
  arguments: [{ name: "ENVIRONMENT", summary: "an overlay's name: local, staging, production" }],
  flags: {
    diff: { type: "string", value: "OTHER", summary: "another environment, or a Git reference of this repository" },
    repository: { type: "string", value: "FOLDER", summary: "the repository (default: the starter, gitops)" },
  },
  exits: { 0: "rendered, or compared", 1: "something can't be rendered" },
  run: ([name], { diff, repository = join(root, "gitops") }) => renderOrCompare(name, { repository, diff }),
});

runAsProgram(module, command);
