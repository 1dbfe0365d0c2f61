/**
 * `node --require quick-start.cjs`: leaves out what Pulumi's SDK does at every start and this program has no use for, and keeps
 * what the next start would make again. How much that is of a preview: bench/preview.md.
 *
 * - Packages for what this program never does (serialising functions, tracing to Zipkin) are loaded at their first use.
 * - For every resource the SDK takes a whole stack trace, maps it back to TypeScript, and tells the engine where in the
 *   program the resource came from. Nothing shows it.
 * - So it does for every promise, to name those that never end, if PULUMI_DEBUG_PROMISE_LEAKS asks for it.
 * - It tells the engine every step of every registration, which throws that away without `--debug`.
 * - What V8 compiled of the program and the SDK is kept in PULUMI_HOME.
 */
const Module = require("node:module");
const { join } = require("node:path");
const { keepCompiled } = require("./compile-cache.cjs");

const { PULUMI_HOME, PULUMI_DEBUG_PROMISE_LEAKS } = process.env;

/** What runs a program; the other processes that Pulumi starts with Node.js load one file each. */
const PROGRAM = /[\\/]@pulumi[\\/]pulumi[\\/]cmd[\\/]run([\\/]index\.js)?$/;
if (PULUMI_HOME && PROGRAM.test(process.argv[1])) keepCompiled(join(PULUMI_HOME, "compiled"));

const LAZY = new Set([
  "@npmcli/arborist",
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
]);

/** Exports of the SDK's own modules, by the last part of a module's name: what each becomes. */
const REPLACED = {
  resource: { Resource: (original) => Object.assign(original, { callsites: () => [] }) },
  debuggable: PULUMI_DEBUG_PROMISE_LEAKS ? {} : { debuggablePromise: withoutStackTrace },
  log: { debug: () => () => Promise.resolve() },
};

/** What these packages ask of each other stays as it is. */
const SDK = /[\\/]@pulumi[\\/]pulumi[\\/]/;

const load = Module._load;

Module._load = function (request, parent, isMain) {
  if (!SDK.test(parent?.filename)) return load.call(this, request, parent, isMain);
  if (!LAZY.has(request)) return replaceIn(load.call(this, request, parent, isMain), request.split("/").at(-1));
  let loaded;
  const whole = () => (loaded ??= load.call(this, request, parent, isMain));
  // TypeScript's interop asks for __esModule while it loads, and takes the module as it is.
  return new Proxy({}, { get: (_, name) => name === "__esModule" || lazyExport(() => whole()[name]) });
};

const done = new WeakSet();

function replaceIn(loaded, name) {
  for (const [key, replacement] of Object.entries(REPLACED[name] ?? {})) {
    // A module that is part of a circle is seen before it has its exports.
    if (typeof loaded[key] !== "function" || done.has(loaded[key])) continue;
    loaded[key] = replacement(loaded[key]);
    done.add(loaded[key]);
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

/** A function or class that is fetched when it is called, constructed or looked into. */
function lazyExport(fetch) {
  return new Proxy(function () {}, {
    apply: (_, self, args) => Reflect.apply(fetch(), self, args),
    construct: (_, args) => Reflect.construct(fetch(), args),
    get: (_, name) => fetch()[name],
  });
}
