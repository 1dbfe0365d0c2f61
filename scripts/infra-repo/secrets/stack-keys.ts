import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyFiles } from "@gitops-platform/infra-repo/sealed/reseal";
import { openConfig } from "./stack-config";
import { newest, SEALING_KEYS, stackCertificates } from "./stack-file";

/** Writes a stack's keys into a private directory, in which they may stay only as long as they are used. */
export async function writeKeys(stack: string, file: string, directory: string): Promise<KeyFiles> {
  const certificates = stackCertificates(file);
  const scratch = await openConfig(stack, file, directory);
  const all: string[] = [];
  for (const index of certificates.keys()) {
    const pem = await scratch.config(["get", "--path", `${SEALING_KEYS}[${index}].privateKey`]);
    const keyFile = join(directory, `${index}.key`);
    writeFileSync(keyFile, `${pem.trimEnd()}\n`, { mode: 0o600 });
    all.push(keyFile);
  }
  const current = newest(certificates);
  const certificate = join(directory, "certificate.pem");
  writeFileSync(certificate, current.pem);
  return { all, newest: all[certificates.indexOf(current)] ?? "", certificate };
}
