import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { ed25519KeyPair } from "../../../components/machines/ssh-key";
import { paths } from "../../lib/paths";

/**
 * Makes the secrets that a team brings itself: the operator's login key and the repository's deploy key, mode 0600 under
 * `.local/keys`, and the passphrase of the stack's secrets. What exists stays.
 */
export function ensureKeys(): void {
  mkdirSync(paths.keys, { recursive: true, mode: 0o700 });
  for (const name of ["operator", "deploy"]) {
    const file = join(paths.keys, name);
    if (existsSync(file)) continue;
    const pair = ed25519KeyPair(randomBytes(32), `gitops-platform-${name}`);
    writeSecret(file, pair.privateKeyOpenSsh);
    writeFileSync(`${file}.pub`, `${pair.publicKeyOpenSsh.trim()}\n`);
  }
  if (!existsSync(paths.passphrase)) writeSecret(paths.passphrase, randomBytes(24).toString("base64url"));
}

/** Writes a file with mode 0600. */
export function writeSecret(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
}
