/**
 * `node --require quick-start.cjs`: leaves out what Pulumi's SDK does at every start and this program has no use for. It is
 * a third of the program's time in a preview (bench/preview.md).
 *
 * - Packages for what this program never does (serialising functions, tracing to Zipkin) are loaded at their first use.
 * - For every resource the SDK takes a whole stack trace, maps it back to TypeScript, and tells the engine where in the
 *   program the resource came from. Nothing shows it.
 */
const Module = require("node:module");

const LAZY = new Set([
  "@npmcli/arborist",
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
]);

/** What these packages ask of each other stays as it is. */
const SDK = /[\\/]@pulumi[\\/]pulumi[\\/]/;

const load = Module._load;

Module._load = function (request, parent, isMain) {
  if (!LAZY.has(request) || !SDK.test(parent?.filename)) {
    const loaded = load.call(this, request, parent, isMain);
    if (/(^|[\\/])resource$/.test(request) && typeof loaded?.Resource?.callsites === "function")
      loaded.Resource.callsites = () => [];
    return loaded;
  }
  let loaded;
  const whole = () => (loaded ??= load.call(this, request, parent, isMain));
  // TypeScript's interop asks for __esModule while it loads, and takes the module as it is.
  return new Proxy({}, { get: (_, name) => name === "__esModule" || lazyExport(() => whole()[name]) });
};

/** A function or class that is fetched when it is called, constructed or looked into. */
function lazyExport(fetch) {
  return new Proxy(function () {}, {
    apply: (_, self, args) => Reflect.apply(fetch(), self, args),
    construct: (_, args) => Reflect.construct(fetch(), args),
    get: (_, name) => fetch()[name],
  });
}
