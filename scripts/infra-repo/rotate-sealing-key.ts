import { readStackYaml } from "../lib/stack-yaml";
import { defineCommand, runAsProgram } from "@gitops-platform/cli/command";
import { paths } from "../lib/paths";
import { newSealingKey } from "../stack/new-sealing-key";
import { holdPlatform } from "../local/platform/exclusive";
import { explain, unopened } from "@gitops-platform/infra-repo/sealed/unopened";
import { failure } from "@gitops-platform/infra-repo/finding";
import { kubesealProgram } from "@gitops-platform/infra-repo/sealed/kubeseal";
import { inPrivateDirectory } from "@gitops-platform/infra-repo/sealed/private-directory";
import { REPOSITORY_OPTIONS, stackValues, type RepositoryFlags } from "./secrets/stack-values";
import { reseal } from "@gitops-platform/infra-repo/sealed/reseal";
import { openConfig } from "./secrets/stack-config";
import { newest, SEALING_KEYS, stackCertificates, stackFile } from "./secrets/stack-file";
import { writeKeys } from "./secrets/stack-keys";

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function add(stack: string, file: string): Promise<void> {
  const index = ((readStackYaml(file).config?.[SEALING_KEYS] ?? []) as readonly unknown[]).length;
  const pair = await newSealingKey();
  await inPrivateDirectory(async (directory) => {
    const scratch = await openConfig(stack, file, directory);
    const path = `${SEALING_KEYS}[${index}]`;
    await scratch.config(["set", "--path", "--plaintext", `${path}.certificate`], pair.certificate);
    await scratch.config(["set", "--path", "--secret", `${path}.privateKey`], pair.privateKey);
    scratch.keep();
  });
  const { secretName } = newest(stackCertificates(file));
  say(
    index === 0
      ? `${file} has its first sealing key, ${secretName}. Next: ${up(stack)}`
      : `${file} has ${index + 1} sealing keys; the newest is ${secretName}. Next: ${up(stack)}, then reseal`,
  );
}

async function resealAll(stack: string, file: string, flags: RepositoryFlags): Promise<void> {
  const program = await kubesealProgram(paths.cache, log);
  const { repository, values, findings } = await stackValues(stack, file, flags);
  if (findings.length > 0) throw failure(flags.repository, findings);
  const changed = await inPrivateDirectory(async (directory) => {
    const keys = await writeKeys(stack, file, directory);
    const closed = await explain(
      program,
      { stack, repository: flags.repository },
      keys.all,
      await unopened(program, keys.all, values),
      values,
    );
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
  const program = await kubesealProgram(paths.cache, log);
  const { values, findings } = await stackValues(stack, file, flags);
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

const STEPS = { add, reseal: resealAll, drop };

export const command = defineCommand({
  name: "npm run rotate-sealing-key",
  summary:
    "The three steps of a rotation (docs/runbooks/rotate-sealing-key.md). Each can be run again: what is done already stays " +
    "as it is. Needs the stack file and its passphrase, no cluster.",
  arguments: [
    { name: "STACK", summary: "local, or a stack with a Pulumi.STACK.yaml" },
    {
      name: "STEP",
      summary:
        "add makes a key pair and appends it to the stack file; reseal seals everything in the repository that only an older " +
        "key opens for the newest one; drop removes the older keys once the repository needs none of them",
    },
  ],
  flags: REPOSITORY_OPTIONS,
  exits: { 0: "done, or nothing to do", 1: "refused, with what is in the way" },
  run: async ([stack, step], flags) => {
    if (!(step in STEPS)) throw new Error(`STEP — got ${step}, need add, reseal or drop; choose one`);
    // `npm start` writes the same file.
    if (stack === "local" && step !== "reseal") await holdPlatform();
    await STEPS[step as keyof typeof STEPS](stack, stackFile(stack), flags);
  },
});

runAsProgram(module, command);
