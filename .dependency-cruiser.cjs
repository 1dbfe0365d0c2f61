/**
 * The dependency direction of docs/architecture.md: index.ts imports config and components; a component never imports
 * the configuration; tools import a component's types, type tokens and pure functions; the product imports no test.
 */

/** The files of components that tools share: type tokens and pure functions. */
const PURE =
  "^components/(tokens|addresses/[\\w-]+|disk-gate/measurement|gitops/sealing-keys|machines/ssh-key|remote/(script|reduce-script|script-lines))\\.ts$";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "components-never-read-config",
      comment: "A component gets what it needs as arguments; index.ts alone maps configuration to them.",
      severity: "error",
      from: { path: "^components/" },
      to: { path: "^(config/|index\\.ts)" },
    },
    {
      name: "config-knows-only-plain-data",
      comment:
        "What an address and an artifact are is the same for both; what is made of them is not config's business.",
      severity: "error",
      from: { path: "^config/" },
      to: {
        path: "^(components|scripts|packages)/|^index\\.ts",
        pathNot: "^components/(addresses/|artifacts/(artifact|names)\\.ts$)|^packages/sentences/",
      },
    },
    {
      name: "addresses-are-a-leaf",
      severity: "error",
      from: { path: "^components/addresses/" },
      to: { path: "^(config|components|packages|scripts)/", pathNot: "^components/addresses/" },
    },
    {
      name: "remote-is-a-leaf",
      comment: "A remote step knows the type of a host and nothing else of the project.",
      severity: "error",
      from: { path: "^components/remote/" },
      to: { path: "^(config|components|packages|scripts)/", pathNot: "^components/remote/" },
    },
    {
      name: "machines-are-known-by-type",
      comment: "What is done on a machine must not depend on what made it.",
      severity: "error",
      from: { path: "^components/(kubernetes|disk-gate|gitops|remote)/" },
      to: { path: "^components/machines/", pathNot: "^components/machines/machine\\.ts$" },
    },
    {
      name: "only-these-run-commands",
      comment: "What runs on machines is a RemoteStep; local machines and the hub also act on this computer.",
      severity: "error",
      from: { path: "^(components|index\\.ts)", pathNot: "^components/(remote|machines|hub)/" },
      to: { path: "node_modules/@pulumi/command" },
    },
    {
      name: "packages-know-nothing-of-the-program",
      comment: "Stand-ins play the official plugins, and the mirror builds for any program.",
      severity: "error",
      from: { path: "^packages/" },
      to: { path: "^(bench|components|config|policy|scripts|test)/|^index\\.ts" },
    },
    {
      name: "tools-know-components-by-type",
      comment: "A tool needs a type, a type token, an output, or a pure function. It never loads a component.",
      severity: "error",
      from: { path: "^scripts/" },
      to: { path: "^components/", pathNot: PURE, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "pure-files-import-no-program",
      comment: "Tools run these files: they must know neither Pulumi nor a component.",
      severity: "error",
      from: { path: PURE },
      to: { path: "^(config|components|packages|scripts)/|node_modules/@pulumi/", pathNot: PURE },
    },
    {
      name: "tools-never-import-the-program",
      severity: "error",
      from: { path: "^(scripts|policy|packages)/" },
      to: { path: "^index\\.ts$" },
    },
    {
      name: "the-product-never-imports-tests",
      comment: "Drills have an entry of their own (test/e2e/run.ts); npm test asks it for the list as data.",
      severity: "error",
      from: { path: "^(index\\.ts$|(airgap|components|config|policy|scripts)/|packages/[^/]+/(?!test/))" },
      to: { path: "^(test|bench)/|^packages/[^/]+/test/" },
    },
    {
      name: "policy-stands-alone",
      comment: "The rules judge what the engine tells of a program; of this one they know what its types are called.",
      severity: "error",
      from: { path: "^policy/" },
      to: { path: "^(packages|components|config|scripts|test)/|^index\\.ts", pathNot: "^components/tokens\\.ts$" },
    },
    {
      name: "the-program-never-depends-on-tools",
      severity: "error",
      from: { path: "^(components|config)/|^index\\.ts" },
      to: { path: "^(packages|policy|scripts|test|bench)/", pathNot: "^packages/(mirror/artifact\\.ts$|sentences/)" },
    },
    {
      name: "no-development-dependency-in-the-product",
      comment: "npm ci --omit=dev && npm run deploy works.",
      severity: "error",
      from: {
        path: "^(components|config|scripts)/|^index\\.ts$|^packages/[^/]+/(?!test/)",
        pathNot: "^scripts/dev/",
      },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "unknown"], dependencyTypesNot: ["type-only"] },
    },
    { name: "everything-resolves", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // The overlay is of Argo CD's pages, and compiled among their packages.
    exclude: { path: "^(\\.local|gitops|packages/mirror/argocd-ui/overlay)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
