/**
 * Keeps what V8 made of the JavaScript that a process loads, for its next start: compiling it is a quarter of what a
 * program's start takes (bench/preview.md). Node.js 22 can do that itself, and does it then.
 *
 * One file holds it all: the length of an index, the index as JSON, and what the index points to. It is found again by
 * content, so a module that has changed is compiled anew, in whichever clone it is.
 */
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const Module = require("node:module");
const { dirname, join } = require("node:path");
const { setFlagsFromString } = require("node:v8");
const { Script } = require("node:vm");

const LENGTH_BYTES = 4;
/** What one file holds at most before modules that were not loaded this time are left out: five programs. */
const LIMIT_BYTES = 64 << 20;

/** The biggest of all modules has the word in texts only. */
const TYPESCRIPT = /[\\/]typescript[\\/]lib[\\/]typescript\.js$/;

/** @param directory where the files are kept: several programs may share it */
exports.keepCompiled = function (directory) {
  // Pulumi's SDK sets it when it is loaded, and V8 takes back what was compiled with the same flags only.
  setFlagsFromString("--allow-natives-syntax");
  if (Module.enableCompileCache) Module.enableCompileCache(directory);
  else keepIn(join(directory, `compiled-${process.version}-${process.arch}`));
};

function keepIn(file) {
  const kept = read(file);
  const compiled = new Map();
  /** Those that the file does not have, or not as this V8 would make them. */
  const fresh = new Map();

  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename) {
    // V8 forgets, with what it takes back, who asked for an import().
    if (/\bimport\s*\(/.test(content) && !TYPESCRIPT.test(filename)) return compile.call(this, content, filename);
    // The wrapper and the five names are what every CommonJS module is given.
    const wrapper = Module.wrap(content.replace(/^#!.*/, ""));
    const key = createHash("sha256").update(wrapper).digest("base64");
    const cachedData = kept.get(key);
    const script = new Script(wrapper, { filename, cachedData });
    if (cachedData && !script.cachedDataRejected) compiled.set(key, cachedData);
    else fresh.set(key, script);
    const run = script.runInThisContext();
    return run.call(this.exports, this.exports, requireOf(this), this, filename, dirname(filename));
  };

  process.on("exit", () => {
    if (fresh.size === 0) return;
    for (const [key, script] of fresh) compiled.set(key, script.createCachedData());
    const size = [...compiled.values(), ...kept.values()].reduce((sum, { length }) => sum + length, 0);
    write(file, size > LIMIT_BYTES ? compiled : new Map([...kept, ...compiled]));
  });
}

function requireOf(module) {
  const require = (id) => module.require(id);
  require.resolve = (request, options) => Module._resolveFilename(request, module, false, options);
  require.resolve.paths = (request) => Module._resolveLookupPaths(request, module);
  return Object.assign(require, { main: process.mainModule, extensions: Module._extensions, cache: Module._cache });
}

function read(file) {
  try {
    const all = readFileSync(file);
    const begin = LENGTH_BYTES + all.readUInt32LE(0);
    const index = JSON.parse(all.toString("utf8", LENGTH_BYTES, begin));
    return new Map(index.map(([key, from, to]) => [key, all.subarray(begin + from, begin + to)]));
  } catch {
    return new Map(); // the first start with this Node.js
  }
}

function write(file, entries) {
  const index = [];
  let end = 0;
  for (const [key, data] of entries) index.push([key, end, (end += data.length)]);
  const text = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(text.length);
  try {
    mkdirSync(dirname(file), { recursive: true });
    // Another program may be reading it.
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, Buffer.concat([length, text, ...entries.values()]));
    renameSync(draft, file);
  } catch {
    // Somebody else's directory, or a full disk: the next start compiles again.
  }
}
