/**
 * `npm run unseal-check -- STACK [--repository FOLDER] [--path ROOT_PATH ...]`: checks that every SealedSecret that a
 * stack's cluster gets from an infrastructure repository (by default `gitops/`, at the stack's own root path) opens with
 * the stack's keys, under the name it is applied with.
 *
 * Needs the stack file, its passphrase and nothing else: no cluster, no state, no network. No value is printed or written.
 */
import { parseArgs } from "node:util";
import { explain, unopened } from "./secrets/check-sealed";
import { kubesealProgram } from "./secrets/kubeseal";
import { inPrivateDirectory } from "./secrets/private-directory";
import { failure, REPOSITORY_OPTIONS, repositoryValues } from "./secrets/repository-values";
import { stackFile } from "./secrets/stack-file";
import { writeKeys } from "./secrets/stack-keys";

async function main(args: readonly string[]): Promise<void> {
  const { positionals, values: flags } = parseArgs({
    args: [...args],
    options: REPOSITORY_OPTIONS,
    allowPositionals: true,
  });
  const [stack, ...rest] = positionals;
  if (stack === undefined || rest.length > 0)
    throw new Error("usage: npm run unseal-check -- STACK [--repository FOLDER] [--path ROOT_PATH ...]");
  const file = stackFile(stack);
  const program = await kubesealProgram((line) => void process.stderr.write(`${line}\n`));
  const { values, findings } = await repositoryValues(stack, file, flags);
  const closed = await inPrivateDirectory(async (directory) => {
    const keys = await writeKeys(stack, file, directory);
    return explain(program, keys.all, await unopened(program, keys.all, values), values);
  });
  const all = [...findings, ...closed];
  if (all.length > 0) throw failure(flags.repository, all);
  process.stdout.write(`${values.length} sealed values of ${flags.repository} open with the keys of stack ${stack}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
