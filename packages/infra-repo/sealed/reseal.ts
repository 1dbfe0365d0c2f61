import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { seal, unseal } from "./kubeseal";
import type { SealedValue } from "./sealed-secrets";

/** A stack's private keys as files that kubeseal reads. */
export interface KeyFiles {
  readonly all: readonly string[];
  /** The one that new secrets are sealed for. */
  readonly newest: string;
  /** The newest key's certificate. */
  readonly certificate: string;
}

/**
 * Seals values anew for the newest key, each in its place in its file; the rest of the file stays as it is. All of them
 * are opened before anything is written, and what is open is in this process' memory and in pipes only.
 *
 * @param values those that the newest key alone doesn't open
 * @returns the files that changed
 */
export async function reseal(
  program: string,
  keys: KeyFiles,
  values: readonly SealedValue[],
  repository: string,
): Promise<string[]> {
  const texts = new Map<string, string>();
  for (const value of values) {
    const { identity, key, written, place } = value;
    const about = `${written?.file ?? place} — ${identity.namespace}/${identity.name} ${key}`;
    const text = written && (texts.get(written.file) ?? readFileSync(join(repository, written.file), "utf8"));
    if (!written || !text?.includes(value.value))
      throw new Error(
        `${about} is not written on one line of any file, so it can't be replaced; seal it again with npm run seal`,
      );
    const open = await unseal(program, keys.all, value);
    if (open === undefined) throw new Error(`${about} opens with none of the stack's keys; see npm run unseal-check`);
    const sealed = await seal(program, keys.certificate, { ...identity, values: { [key]: open } });
    const { spec } = parse(sealed) as { spec: { encryptedData: Record<string, string> } };
    texts.set(written.file, text.replaceAll(value.value, spec.encryptedData[key] ?? ""));
  }
  for (const [file, text] of texts) writeFileSync(join(repository, file), text);
  return [...texts.keys()];
}
