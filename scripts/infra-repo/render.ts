import { join } from "node:path";
import { defineCommand, runAsProgram } from "@gitops-platform/cli/command";
import { renderOrCompare } from "@gitops-platform/infra-repo/render";
import { paths, root } from "../lib/paths";

export const command = defineCommand({
  name: "npm run --silent render",
  summary:
    "Prints everything that an environment's root path leads to, rendered, in a stable order; with --diff what " +
    "differs from another environment or commit.",
  arguments: [{ name: "ENVIRONMENT", summary: "an environment: local, staging, production; or a root path" }],
  flags: {
    diff: { type: "string", value: "OTHER", summary: "another environment, or a Git reference of this repository" },
    repository: { type: "string", value: "FOLDER", summary: "the repository (default: the starter, gitops)" },
  },
  exits: { 0: "rendered, or compared", 1: "something can't be rendered; the rest is printed" },
  run: ([name], { diff, repository = join(root, "gitops") }) =>
    renderOrCompare(paths.cache, { name, repository, diff }),
});

runAsProgram(module, command);
