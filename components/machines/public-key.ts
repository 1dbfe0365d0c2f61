import { parsePrivateKey } from "sshpk";

/** The public half of an OpenSSH private key: `ssh-ed25519 AAAA… comment`. @throws when it isn't a private key */
export function publicKeyOf(privateKey: string): string {
  return parsePrivateKey(privateKey, "auto").toPublic().toString("ssh");
}
