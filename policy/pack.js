#!/usr/bin/env node
/*
 * Starts the rules of this directory, however Pulumi is told of them: `--policy-pack policy/pack.js` runs this file,
 * `--policy-pack policy` loads it. In one file, compiled ahead and kept by content, because every preview waits for it.
 */
const { createHash } = require("node:crypto");
const { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } = require("node:fs");
const { join } = require("node:path");

const ROOT = join(__dirname, "..");
const UNUSED = join(__dirname, "unused.ts");
const CACHE = join(ROOT, "node_modules", ".cache", "policy");
/** Bundles that are kept, 2 MB each: those of a few branches. */
const KEPT = 8;

/** Hash of what the bundle is made from: the rules, and the lock file for what they import. */
function contentKey() {
  const sources = readdirSync(__dirname, { recursive: true }).filter((name) => name.endsWith(".ts"));
  const hash = createHash("sha256").update(process.version);
  for (const name of [...sources.sort(), join("..", "package-lock.json")])
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(__dirname, name)))
      .update("\0");
  return hash.digest("hex").slice(0, 16);
}

function bundle() {
  const key = contentKey();
  const file = join(CACHE, `${key}.js`);
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const draft = `${file}.${process.pid}`;
  require("esbuild").buildSync({
    entryPoints: [join(__dirname, "main.ts")],
    outfile: draft,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minifySyntax: true,
    minifyWhitespace: true,
    // Pulumi's SDK loads them to turn functions into text, which no rule does; they are most of its start.
    alias: { typescript: UNUSED, "@npmcli/arborist": UNUSED },
    logLevel: "error",
  });
  renameSync(draft, file);
  removeOld();
  return file;
}

/** Leaves the newest bundles: a preview of another branch may be loading one that isn't this one's, or making it. */
function removeOld() {
  const made = (name) => statSync(join(CACHE, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = readdirSync(CACHE).sort((left, right) => made(right) - made(left));
  for (const name of names.slice(KEPT)) rmSync(join(CACHE, name), { force: true });
}

// Pulumi starts the pack where the program is.
const project = existsSync("Pulumi.yaml") ? process.cwd() : ROOT;
// The pack's version is read from the package.json of the working directory.
process.chdir(__dirname);
require(bundle()).serve(project);
