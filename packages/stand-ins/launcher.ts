/**
 * Starts the bundle beside it, `plugin.js`, with what V8 compiled at its first start: every preview starts three plugins
 * one after another, and compiling is most of what their start takes. Becomes a file of its own in each plugin.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";

/** Long enough for a plugin to serve: what is compiled by then is what a start needs. */
const SETTLED_MS = 500;

type Wrapper = (exports: object, require: NodeJS.Require, module: { exports: object }, ...paths: string[]) => void;

function compiledBefore(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined; // the first start with this Node.js
  }
}

function remember(script: Script, file: string): void {
  try {
    writeFileSync(file, script.createCachedData());
  } catch {
    // Somebody else's directory, or a full disk: the next start compiles again.
  }
}

const plugin = join(__dirname, "plugin.js");
const cache = join(__dirname, `plugin.cache-${process.version}`);
const cachedData = compiledBefore(cache);
const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(plugin, "utf8")}\n})`;
const script = new Script(source, { filename: plugin, ...(cachedData ? { cachedData } : {}) });
const loaded = { exports: {} };
const run = script.runInThisContext() as Wrapper;
run(loaded.exports, createRequire(plugin), loaded, plugin, __dirname);
// V8 rejects what another version of itself compiled, or a half-written file.
if (!cachedData || script.cachedDataRejected)
  setTimeout(() => {
    remember(script, cache);
  }, SETTLED_MS).unref();
