/**
 * `npm run rotate-sealing-key -- STACK add | reseal | drop [--repository FOLDER] [--path ROOT_PATH ...]`: the three steps of a rotation, see
 * docs/runbooks/rotate-sealing-key.md.
 *
 *     add      makes a key pair and appends it to the stack file; `pulumi up` then gives it to the controller
 *     reseal   seals everything in the repository that only an older key opens for the newest one
 *     drop     removes the older keys from the stack file, once the repository needs none of them
 *
 * Each can be run again: what is done already stays as it is. Needs the stack file and its passphrase, no cluster.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { newSealingKey } from "../stack/new-sealing-key";
import { holdPlatform } from "../local/platform/exclusive";
import { explain, unopened } from "./secrets/check-sealed";
import { kubesealProgram } from "./secrets/kubeseal";
import { inPrivateDirectory } from "./secrets/private-directory";
import { failure, REPOSITORY_OPTIONS, repositoryValues, type RepositoryFlags } from "./secrets/repository-values";
import { reseal } from "./secrets/reseal";
import { openConfig } from "./secrets/stack-config";
import { newest, SEALING_KEYS, stackCertificates, stackFile } from "./secrets/stack-file";
import { writeKeys } from "./secrets/stack-keys";

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function add(stack: string, file: string): Promise<void> {
  const { config } = parse(readFileSync(file, "utf8")) as { config: Record<string, unknown> };
  const index = ((config[SEALING_KEYS] ?? []) as readonly unknown[]).length;
  const pair = await newSealingKey();
  await inPrivateDirectory(async (directory) => {
    const scratch = await openConfig(stack, file, directory);
    const path = `${SEALING_KEYS}[${index}]`;
    await scratch.config(["set", "--path", "--plaintext", `${path}.certificate`], pair.certificate);
    await scratch.config(["set", "--path", "--secret", `${path}.privateKey`], pair.privateKey);
    scratch.keep();
  });
  const { secretName } = newest(stackCertificates(file));
  say(`${file} has ${index + 1} sealing keys; the newest is ${secretName}. Next: ${up(stack)}, then reseal`);
}

async function resealAll(stack: string, file: string, flags: RepositoryFlags): Promise<void> {
  const program = await kubesealProgram(log);
  const { repository, values, findings } = await repositoryValues(stack, file, flags);
  if (findings.length > 0) throw failure(flags.repository, findings);
  const changed = await inPrivateDirectory(async (directory) => {
    const keys = await writeKeys(stack, file, directory);
    const closed = await explain(program, keys.all, await unopened(program, keys.all, values), values);
    if (closed.length > 0) throw failure(flags.repository, closed);
    return reseal(program, keys, await unopened(program, [keys.newest], values), repository);
  });
  for (const name of changed) say(`sealed for the newest key: ${name}`);
  const done = changed.length === 0 ? "nothing to do" : `${changed.length} files changed; review, commit and push them`;
  say(`${values.length} sealed values looked at, ${done}`);
}

async function drop(stack: string, file: string, flags: RepositoryFlags): Promise<void> {
  const certificates = stackCertificates(file);
  const current = newest(certificates);
  const older = [...certificates.keys()].filter((index) => certificates[index] !== current);
  if (older.length === 0) {
    say(`${file} has one sealing key; nothing to drop`);
    return;
  }
  const program = await kubesealProgram(log);
  const { values, findings } = await repositoryValues(stack, file, flags);
  if (findings.length > 0) throw failure(flags.repository, findings);
  await inPrivateDirectory(async (directory) => {
    const keys = await writeKeys(stack, file, directory);
    const closed = await unopened(program, [keys.newest], values);
    if (closed.length > 0) {
      const names = closed.map(({ written, place, key }) => `${written?.file ?? place} ${key}`).join(", ");
      throw new Error(
        `${flags.repository} — ${closed.length} values still need an older key (${names}); run reseal, commit and push first`,
      );
    }
  });
  await inPrivateDirectory(async (directory) => {
    const scratch = await openConfig(stack, file, directory);
    for (const index of older.reverse()) await scratch.config(["rm", "--path", `${SEALING_KEYS}[${index}]`]);
    scratch.keep();
  });
  for (const index of older) say(`dropped ${certificates[index]?.secretName ?? ""}`);
  say(`${file} has one sealing key, ${current.secretName}. Next: ${up(stack)}`);
}

function up(stack: string): string {
  return stack === "local" ? "npm start" : `npx pulumi up -s ${stack}`;
}

async function main(args: readonly string[]): Promise<void> {
  const { positionals, values: flags } = parseArgs({
    args: [...args],
    options: REPOSITORY_OPTIONS,
    allowPositionals: true,
  });
  const [stack, step, ...rest] = positionals;
  const steps = { add, reseal: resealAll, drop };
  if (stack === undefined || step === undefined || !(step in steps) || rest.length > 0)
    throw new Error(
      "usage: npm run rotate-sealing-key -- STACK add|reseal|drop [--repository FOLDER] [--path ROOT_PATH ...]",
    );
  // `npm start` writes the same file.
  if (stack === "local" && step !== "reseal") await holdPlatform();
  await steps[step as keyof typeof steps](stack, stackFile(stack), flags);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
