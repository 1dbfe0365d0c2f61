#!/usr/bin/env node
/*
 * Starts the policy pack: `--policy-pack policy/pack.js` runs this file, `--policy-pack policy` loads it. The rules are
 * bundled into one file, cached by content: translating them from TypeScript costs every preview a second of CPU time.
 */
const { createHash } = require("node:crypto");
const { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } = require("node:fs");
const { join } = require("node:path");

const ROOT = join(__dirname, "..");
const CACHE = join(ROOT, "node_modules", ".cache", "policy");
/** Bundles that are kept, 2 MB each: one for each of a few branches. */
const KEPT = 8;

/** Hash of the rules, and of the lock file for what they import. */
function contentKey() {
  const sources = readdirSync(__dirname, { recursive: true }).filter((name) => name.endsWith(".ts"));
  const hash = createHash("sha256").update(process.version);
  for (const name of [
    ...sources.sort(),
    ...["package-lock.json", "components/tokens.ts"].map((name) => join("..", name)),
  ])
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
    // 8 MB that a bundle would only copy.
    external: ["typescript", "@npmcli/arborist"],
    logLevel: "error",
  });
  renameSync(draft, file);
  removeOld();
  return file;
}

/** Keeps the newest bundles: a preview of another branch may be loading or writing its own. */
function removeOld() {
  const made = (name) => statSync(join(CACHE, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = readdirSync(CACHE).sort((left, right) => made(right) - made(left));
  for (const name of names.slice(KEPT)) rmSync(join(CACHE, name), { force: true });
}

// Pulumi starts the pack in the program's directory.
const project = existsSync("Pulumi.yaml") ? process.cwd() : ROOT;
// The SDK reads the pack's version from package.json in the working directory.
process.chdir(__dirname);
require(bundle()).serve(project);
