import type { GoComponent } from "../units/go-component";

const VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";
const PLUGIN = "github.com/pulumi/pulumi-kubernetes/provider/v4";

/** Pulumi's own programs, as far as their Go modules are served; each is pinned in `packages/mirror/modules/<name>`. */
export const PULUMI_COMPONENTS = {
  cli: {
    name: "pulumi-cli",
    version: "3.259.0",
    programs: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
    variables: { [VERSION]: "v3.259.0" },
    // The part of the Node.js SDK that the engine looks for beside the language host.
    moduleFiles: {
      "pulumi-resource-pulumi-nodejs": {
        module: "github.com/pulumi/pulumi/sdk/v3",
        path: "nodejs/dist/pulumi-resource-pulumi-nodejs",
      },
    },
    seconds: 240,
    diskMiB: 2500,
  },
  // Later language hosts live in a Go module that isn't served. The engine's protocol for them is stable.
  languageHost: {
    name: "pulumi-language-nodejs",
    version: "3.68.0",
    programs: { "pulumi-language-nodejs": "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs" },
    variables: { [VERSION]: "v3.68.0" },
    seconds: 35,
    diskMiB: 300,
  },
  // The newest release whose module is served; its commit carries the tag v4.25.0.
  kubernetesPlugin: {
    name: "pulumi-kubernetes",
    version: "4.25.0",
    programs: { "pulumi-resource-kubernetes": `${PLUGIN}/cmd/pulumi-resource-kubernetes` },
    variables: { [`${PLUGIN}/pkg/version.Version`]: "4.25.0" },
    generated: {
      module: PLUGIN,
      folder: "cmd/pulumi-resource-kubernetes",
      generator: "generate.go",
      env: { VERSION: "4.25.0" },
    },
    seconds: 300,
    diskMiB: 2500,
  },
} as const satisfies Record<string, GoComponent>;
