import { X509Certificate, createPrivateKey } from "node:crypto";
import { parseKey } from "sshpk";

/** A text that was understood, in the form the program uses, or what is wrong with it. Never holds the text itself. */
export type Checked<T> = { readonly ok: T } | { readonly wrong: string };

/** Key types that the command plugin can verify: of RSA keys it accepts SHA-1 signatures only, which servers no longer make. */
const CONNECTION_TYPES = /^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521))$/;

/** Argo CD's: also RSA, whose SHA-2 signatures it verifies. Nothing makes DSA's any more. */
const REPOSITORY_TYPES = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521))$/;

const WHOLE_KEY =
  "(need a public host key in authorized_keys form); copy it whole, in the form ssh-ed25519 AAAA…, from " +
  "/etc/ssh/ssh_host_ed25519_key.pub of the server";

/** A host key in authorized_keys form; the result is `<type> <base64>` without its comment. */
export function checkHostKey(text: string, use: "connection" | "repository"): Checked<string> {
  const lines = text.trim().split(/[\r\n]+/);
  if (lines.length > 1)
    return { wrong: `has ${lines.length} lines (need one key on one line); keep the ssh-ed25519 one` };
  const [type = "", base64 = "", ...comment] = text.trim().split(/\s+/);
  if (/^(ssh|ecdsa|sk-ssh|sk-ecdsa)-/.test(base64) && comment.length > 0)
    return { wrong: `starts with a host name ${WHOLE_KEY}` };
  if (!/^(ssh|ecdsa)-/.test(type)) return { wrong: `does not start with a key type ${WHOLE_KEY}` };
  if (type.includes("-cert-"))
    return { wrong: `is a certificate of a host key, which nothing here verifies ${WHOLE_KEY}` };
  const bytes = Buffer.from(base64, "base64");
  try {
    // sshpk reads past both.
    const key = parseKey(`${type} ${base64}`, "ssh");
    const whole = key.toBuffer("rfc4253", {}).equals(bytes) && key.toString("ssh").startsWith(`${type} `);
    if (!whole) throw new Error("has another type, or a rest");
  } catch {
    return { wrong: `is damaged, cut off, or not of the type ${type} ${WHOLE_KEY}` };
  }
  if (use === "connection" && !CONNECTION_TYPES.test(type)) {
    return {
      wrong:
        `is of the type ${type}, which Pulumi's command plugin can't verify (need ssh-ed25519 or ecdsa-sha2-nistp256); ` +
        "pin the key that ssh-keyscan -t ed25519 prints for the server, without the host name, once it is compared with " +
        "/etc/ssh/ssh_host_ed25519_key.pub there",
    };
  }
  if (!REPOSITORY_TYPES.test(type))
    return { wrong: `is of the type ${type}, which OpenSSH no longer takes ${WHOLE_KEY}` };
  // Go's decoder, which both plugins use, takes no base64 without its padding.
  return { ok: `${type} ${bytes.toString("base64")}` };
}

/** A sealing key pair: an RSA certificate valid now and the private key that belongs to it. */
export function checkSealingPair(certificate: string, privateKey: string, now: Date): SealingFault | undefined {
  const parsed = attempt(() => new X509Certificate(certificate));
  const key = attempt(() => createPrivateKey(privateKey));
  if (!parsed) return { field: "certificate", wrong: "is not a PEM certificate" };
  if (!key) return { field: "privateKey", wrong: "is not a PEM private key without a passphrase" };
  if (key.asymmetricKeyType !== "rsa") return { field: "privateKey", wrong: "is not an RSA key" };
  if (!parsed.checkPrivateKey(key)) return { field: "privateKey", wrong: "does not belong to its certificate" };
  if (new Date(parsed.validTo) < now) {
    const day = new Date(parsed.validTo).toISOString().slice(0, 10);
    return { field: "certificate", wrong: `expired on ${day}, and kubeseal refuses expired certificates` };
  }
  return undefined;
}

/** Which half of a pair is wrong, and how. */
export interface SealingFault {
  readonly field: "certificate" | "privateKey";
  readonly wrong: string;
}

/** The result, or undefined where parsing throws. */
export function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
