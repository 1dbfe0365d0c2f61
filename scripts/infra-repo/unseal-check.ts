import { join } from "node:path";
import { defineCommand, runAsProgram } from "@gitops-platform/cli/command";
import { paths, root } from "../lib/paths";
import { explain, unopened } from "@gitops-platform/infra-repo/sealed/unopened";
import { failure } from "@gitops-platform/infra-repo/finding";
import { kubesealProgram } from "@gitops-platform/infra-repo/sealed/kubeseal";
import { inPrivateDirectory } from "@gitops-platform/infra-repo/sealed/private-directory";
import { REPOSITORY_OPTIONS, stackValues } from "./secrets/stack-values";
import { stackFile } from "./secrets/stack-file";
import { writeKeys } from "./secrets/stack-keys";

const starter = join(root, "gitops");

export const command = defineCommand({
  name: "npm run unseal-check",
  summary:
    "Checks that every SealedSecret that a stack's cluster gets from an infrastructure repository opens with the stack's " +
    "keys, under the name it is applied with. Needs the stack file and its passphrase; no value is printed or written.",
  arguments: [{ name: "STACK", summary: "local, or a stack with a Pulumi.STACK.yaml" }],
  flags: REPOSITORY_OPTIONS,
  exits: { 0: "every value opens, or there is none", 1: "a value does not open, or could not be looked at" },
  run: async ([stack], flags) => {
    const file = stackFile(stack);
    const program = await kubesealProgram(paths.cache, (line) => void process.stderr.write(`${line}\n`));
    const { repository, values, findings, notes } = await stackValues(stack, file, flags);
    if (repository === starter && values.length === 0 && findings.length > 0)
      throw new Error(
        `${flags.repository} — is the starter, and holds no sealed value: each platform has a repository of its own; give a clone of that with --repository`,
      );
    const closed = await inPrivateDirectory(async (directory) => {
      const keys = await writeKeys(stack, file, directory);
      return explain(
        program,
        { stack, repository: flags.repository },
        keys.all,
        await unopened(program, keys.all, values),
        values,
      );
    });
    if (notes.length > 0) process.stdout.write(`not looked at:\n${notes.map((note) => `  - ${note}`).join("\n")}\n`);
    const all = [...findings, ...closed];
    if (all.length > 0) throw failure(flags.repository, all);
    process.stdout.write(
      values.length === 0
        ? `${flags.repository} holds no SealedSecret: nothing to open for stack ${stack}\n`
        : `${values.length === 1 ? "1 sealed value" : `${values.length} sealed values`} of ${flags.repository} ` +
            `${values.length === 1 ? "opens" : "open"} with the keys of stack ${stack}\n`,
    );
  },
});

runAsProgram(module, command);
