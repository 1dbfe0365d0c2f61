/**
 * `node --require lazy-modules.cjs`: packages that Pulumi's SDK loads at every start, and uses only for what this
 * program never does (serialising functions, tracing to Zipkin), are loaded at their first use. It is a tenth of a
 * preview.
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
  if (!LAZY.has(request) || !SDK.test(parent?.filename)) return load.call(this, request, parent, isMain);
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
