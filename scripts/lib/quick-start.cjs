/**
 * `node --require quick-start.cjs`: leaves out what Pulumi's SDK does for debuggers only. bench/preview.md has the figures.
 *
 * - `Resource.callsites`: a stack trace of every resource, mapped back to TypeScript, for the engine, which shows it nowhere.
 * - `debuggablePromise`: a stack trace of every promise, for PULUMI_DEBUG_PROMISE_LEAKS. Set, it keeps them.
 * - `log.debug`: a message to the engine for every step of a registration; the engine drops it without `--debug`.
 *
 * These are internals of the SDK: with any version but the tested one, everything stays and a warning is printed.
 */
const Module = require("node:module");
const { join } = require("node:path");

const TESTED = "3.259.0";

/** Exports of the SDK's own modules, by the last part of a module's name: what each becomes. */
const REPLACED = {
  resource: { Resource: (original) => Object.assign(original, { callsites: () => [] }) },
  debuggable: process.env.PULUMI_DEBUG_PROMISE_LEAKS ? {} : { debuggablePromise: withoutStackTrace },
  log: { debug: () => () => Promise.resolve() },
};

/** Only the process that runs a program: Pulumi passes NODE_OPTIONS to its plugins as well. */
const PROGRAM = /[\\/]@pulumi[\\/]pulumi[\\/]cmd[\\/]run([\\/]index\.js)?$/;
const SDK = /[\\/]@pulumi[\\/]pulumi[\\/]/;

const replaced = new WeakSet();

if (PROGRAM.test(process.argv[1])) {
  const { version } = require(join(process.argv[1].replace(/[\\/]cmd[\\/]run.*$/, ""), "package.json"));
  if (version === TESTED) install();
  else
    process.stderr.write(
      `scripts/lib/quick-start.cjs — was tested with @pulumi/pulumi ${TESTED}, this is ${version}: the preview runs on ` +
        "the plain SDK, which takes longer; test it with the new version and change TESTED\n",
    );
}

function install() {
  const load = Module._load;
  Module._load = function (request, parent, isMain) {
    const loaded = load.call(this, request, parent, isMain);
    return SDK.test(parent?.filename) ? replaceIn(loaded, REPLACED[request.split("/").at(-1)] ?? {}) : loaded;
  };
}

function replaceIn(loaded, replacements) {
  for (const [name, replacement] of Object.entries(replacements)) {
    // A module that is part of a circle is seen before it has its exports.
    if (typeof loaded[name] !== "function" || replaced.has(loaded[name])) continue;
    loaded[name] = replacement(loaded[name]);
    replaced.add(loaded[name]);
  }
  return loaded;
}

/** The same function, in which stack traces are empty. */
function withoutStackTrace(original) {
  return (...args) => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return original(...args);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
}
