import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";
import { defineCommand, runAsProgram } from "@gitops-platform/cli/command";
import { paths } from "../lib/paths";
import { kubesealProgram, seal } from "@gitops-platform/infra-repo/sealed/kubeseal";
import { inPrivateDirectory } from "@gitops-platform/infra-repo/sealed/private-directory";
import {
  SEAL_USAGE,
  sealRequest,
  type SealRequest,
  type ValueSource,
} from "@gitops-platform/infra-repo/sealed/seal-request";
import { readSealedFile } from "@gitops-platform/infra-repo/sealed/sealed-file";
import { newest, stackCertificates, stackFile } from "./secrets/stack-file";

function readValue(key: string, source: ValueSource): Buffer {
  if (source.from === "file") {
    if (!existsSync(source.path))
      throw new Error(`${key} — ${source.path} doesn't exist; give a file that holds the value`);
    return readFileSync(source.path);
  }
  if (process.stdin.isTTY)
    process.stderr.write(`The value of ${key} (it shows while you type it; end with Enter, Ctrl-D): `);
  const text = readFileSync(0);
  // Nobody means the newline that a line ends in; a file's bytes are all meant.
  const end = text.at(-1) === 10 ? -1 : undefined;
  return text.subarray(0, end);
}

async function sealInto(request: SealRequest): Promise<void> {
  const file = request.out === undefined ? undefined : resolve(request.out);
  const known = file === undefined ? undefined : readSealedFile(file, request);
  const certificate = newest(stackCertificates(stackFile(request.stack))).pem;
  const values = Object.fromEntries(
    Object.entries(request.values).map(([key, source]) => [key, readValue(key, source)]),
  );
  for (const [key, value] of Object.entries(values)) {
    if (value.length === 0) throw new Error(`${key} — its value is empty; give it on standard input or in the file`);
  }
  const program = await kubesealProgram(paths.cache, (line) => void process.stderr.write(`${line}\n`));
  const sealed = await inPrivateDirectory(async (directory) => {
    const pem = join(directory, "certificate.pem");
    writeFileSync(pem, certificate);
    const scope = known?.scope ?? request.scope ?? "strict";
    const type = known?.type ?? request.type ?? "Opaque";
    const { namespace, name } = request;
    // kubeseal writes the time of creation as null, which is nobody's business in Git.
    return withoutCreation(await seal(program, pem, { namespace, name, scope, type, values }));
  });
  if (file === undefined) {
    process.stdout.write(sealed);
    return;
  }
  const fresh = file.endsWith(".json") ? `${JSON.stringify(parse(sealed), null, 2)}\n` : sealed;
  writeFileSync(`${file}.new`, known?.withValues(sealed) ?? fresh);
  renameSync(`${file}.new`, file);
  process.stderr.write(
    `${request.out}: ${Object.keys(values).join(", ")} of ${request.namespace}/${request.name}, sealed for stack ${request.stack}\n`,
  );
}

function withoutCreation(text: string): string {
  const strip = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([name, field]) => name !== "creationTimestamp" || field !== null);
    return Object.fromEntries(entries.map(([name, field]) => [name, strip(field)]));
  };
  return stringify(strip(parse(text)), { lineWidth: 0 });
}

export const command = defineCommand({
  name: "npm run --silent seal",
  summary:
    "Seals a Secret for one stack's cluster with kubeseal and the certificate in the stack file. Needs no state, no " +
    "passphrase and no network.",
  ...SEAL_USAGE,
  exits: { 0: "sealed", 1: "refused; no value is ever repeated" },
  run: ([stack, namespace, name, pairs], flags) => sealInto(sealRequest(stack, namespace, name, pairs, flags)),
});

runAsProgram(module, command);
