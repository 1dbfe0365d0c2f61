import { createHash, createPrivateKey } from "node:crypto";
import { type PrivateKey, parsePrivateKey } from "sshpk";
import { type Checked, attempt } from "./keys";

/** OpenSSH reads the words of its own header only at the beginning of a line that ends in a bare newline. */
const BLOCK = /-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY)-----([\s\S]*?)-----END \1-----/g;
const OPENSSH = "OPENSSH PRIVATE KEY";
const MAGIC = "openssh-key-v1\0";
/** RequiredRSASize of OpenSSH. */
const LEAST_RSA_BITS = 1024;

/** Forms without a block, by what they begin with. */
const OTHER_FORMS: readonly (readonly [RegExp, string])[] = [
  [/^PuTTY-User-Key-File/, "is in PuTTY's form; convert a copy first: puttygen COPY -O private-openssh -o KEYFILE"],
  [/^---- BEGIN SSH2/, "is in the form of ssh.com; convert a copy first: ssh-keygen -i -f COPY > KEYFILE"],
  [/^(ssh|ecdsa|sk-ssh|sk-ecdsa)-/, "is a public key; the private one is in the file beside it, without .pub"],
];

/**
 * A private key for SSH without a passphrase, in OpenSSH's own form, which every program here reads: OpenSSH takes no
 * Ed25519 key in PKCS#8, and no key with Windows line ends. The same key always gives the same text: a changed text
 * would run every step again. A text that OpenSSH has written is returned as it is.
 */
export function checkPrivateKey(given: string): Checked<string> {
  const text = given
    .replace(/^\uFEFF/, "")
    .replaceAll("\\n", "\n")
    .trim();
  const [block, second] = text.matchAll(BLOCK);
  if (second) return { wrong: "holds more than one private key; keep one" };
  const [, label = "", content = ""] = block ?? [];
  if (!block) return { wrong: otherForm(text) };
  if (/^(Proc-Type:.*ENCRYPTED|DEK-Info:)/m.test(content) || label.startsWith("ENCRYPTED"))
    return { wrong: PASSPHRASE };
  const base64 = content.replaceAll(/^[\w-]+:.*$/gm, "").replaceAll(/\s/g, "");
  if (label === OPENSSH && cipherOf(base64) !== "none") {
    return { wrong: cipherOf(base64) === undefined ? DAMAGED : PASSPHRASE };
  }
  if (label === OPENSSH && SECURITY_KEY.test(Buffer.from(base64, "base64").toString("latin1")))
    return { wrong: "is on a security key (sk-…), which has to be touched; make an Ed25519 key without one" };
  const pem = pemOf(label, base64);
  const key = parse(pem, label);
  if ("wrong" in key) return key;
  if (label !== OPENSSH) return { ok: opensshForm(key.ok) };
  const asWritten = `${given.trimEnd()}\n`;
  return { ok: AS_OPENSSH_WRITES.test(asWritten) ? asWritten : pem };
}

const DAMAGED = "is a damaged private key";
const PASSPHRASE = "is protected by a passphrase; take it off a copy: ssh-keygen -p -N '' -f COPY";
const SECURITY_KEY = /sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com/;
const AS_OPENSSH_WRITES =
  /^-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/]+={0,2}\n)+-----END OPENSSH PRIVATE KEY-----\n$/;

function otherForm(text: string): string {
  if (text.includes("PRIVATE KEY-")) return DAMAGED;
  const known = OTHER_FORMS.find(([form]) => form.test(text));
  if (known) return known[1];
  const decoded = Buffer.from(text, "base64").toString("latin1");
  return decoded.startsWith("-----BEGIN ")
    ? "is encoded in base64 once more; decode it first: base64 --decode COPY > KEYFILE"
    : "is not a private key";
}

/** The cipher that a key in OpenSSH's form is encrypted with; undefined where the text is none. */
function cipherOf(base64: string): string | undefined {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.subarray(0, MAGIC.length).toString("latin1") !== MAGIC || bytes.length < MAGIC.length + 4) return undefined;
  const begin = MAGIC.length + 4;
  return bytes.subarray(begin, begin + bytes.readUInt32BE(MAGIC.length)).toString("latin1");
}

/** Node reads every PEM form there is, sshpk what SSH keys are made of. */
function parse(pem: string, label: string): Checked<PrivateKey> {
  const node = label === OPENSSH ? undefined : attempt(() => createPrivateKey(pem));
  if (label !== OPENSSH && !node) return { wrong: DAMAGED };
  const text = node?.export({ type: "pkcs8", format: "pem" }) ?? pem;
  const key = attempt(() => parsePrivateKey(text, node ? "pkcs8" : "ssh-private"));
  if (!key) {
    const curve = node?.asymmetricKeyDetails?.namedCurve;
    return {
      wrong: node ? `is a key of the type ${curve ?? node.asymmetricKeyType ?? ""}, which SSH doesn't use` : DAMAGED,
    };
  }
  if (key.type === "dsa") return { wrong: "is a DSA key, which OpenSSH no longer takes; make an Ed25519 key" };
  if (key.type === "rsa" && key.size < LEAST_RSA_BITS)
    return { wrong: `is an RSA key of ${key.size} bits, and OpenSSH takes none below ${LEAST_RSA_BITS}` };
  return { ok: key };
}

/** Writes PROTOCOL.key of OpenSSH. Not by sshpk, which puts a random check number into each text that it writes. */
function opensshForm(key: PrivateKey): string {
  const publicKey = key.toPublic().toBuffer("rfc4253", {});
  const check = createHash("sha256").update(publicKey).digest().subarray(0, 4);
  const secret = Buffer.concat([check, check, key.toBuffer("rfc4253", {}), field("")]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8));
  const count = Buffer.from([0, 0, 0, 1]);
  const encryption = [field("none"), field("none"), field("")]; // cipher, key derivation, its options
  const body = [Buffer.from(MAGIC), ...encryption, count, field(publicKey), field(Buffer.concat([secret, padding]))];
  return pemOf(OPENSSH, Buffer.concat(body).toString("base64"));
}

/** A string of the SSH protocol: its length, then its bytes. */
function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function pemOf(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64.replaceAll(/.{1,70}/g, "$&\n")}-----END ${label}-----\n`;
}
