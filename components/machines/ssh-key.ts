import { createHash, createPrivateKey, createPublicKey } from "node:crypto";

/** An SSH key pair in OpenSSH's own text forms. */
export interface SshKeyPair {
  /** PEM with a final newline; no passphrase (secret). */
  readonly privateKeyOpenSsh: string;
  /** `ssh-ed25519 AAAA… comment`, without a newline. */
  readonly publicKeyOpenSsh: string;
}

const TYPE = "ssh-ed25519";
/** DER of an Ed25519 private key (RFC 8410) up to the seed, in hex like everything below. */
const PKCS8_PREFIX = "302e020100300506032b657004220420";

/**
 * The Ed25519 key pair of a seed. The same seed gives the same texts, byte for byte, so that a program which runs again
 * sees no change. That is why OpenSSH's format (PROTOCOL.key) is written here: libraries and ssh-keygen put a random
 * check number into it, and the sshd of Debian 12 doesn't read Ed25519 in PKCS#8.
 *
 * @param seed 32 random bytes
 * @param comment ends the public key, and says whose it is
 * @throws when the seed hasn't 32 bytes
 */
export function ed25519KeyPair(seed: Buffer, comment: string): SshKeyPair {
  if (seed.length !== 32) throw new Error(`ed25519KeyPair — got a seed of ${seed.length} bytes, need 32`);
  const seedHex = seed.toString("hex");
  const privateKey = createPrivateKey({ key: bytes(PKCS8_PREFIX + seedHex), format: "der", type: "pkcs8" });
  const raw = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
  const publicKey = text(TYPE) + field(raw);

  // Tells a reader whether decryption worked; any number that stands there twice will do.
  const check = createHash("sha256").update(seedHex, "hex").digest("hex").slice(0, 8);
  const secret = check + check + publicKey + field(seedHex + raw) + text(comment);
  const encryption = text("none") + text("none") + text(""); // cipher, key derivation, its options
  const body = hex("openssh-key-v1\0") + encryption + uint32(1) + field(publicKey) + field(padded(secret));
  const lines = bytes(body)
    .toString("base64")
    .replace(/.{1,70}/g, "$&\n");
  return {
    privateKeyOpenSsh: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}-----END OPENSSH PRIVATE KEY-----\n`,
    publicKeyOpenSsh: `${TYPE} ${bytes(publicKey).toString("base64")} ${comment}`,
  };
}

const bytes = (hexText: string): Buffer => Buffer.from(hexText, "hex");
const hex = (value: string): string => Buffer.from(value).toString("hex");
const uint32 = (value: number): string => value.toString(16).padStart(8, "0");

/** A string of the SSH protocol: its length, then its bytes. */
const field = (hexText: string): string => uint32(hexText.length / 2) + hexText;
const text = (value: string): string => field(hex(value));

/** Filled up with 1, 2, 3 … to a multiple of 8 bytes. */
const padded = (hexText: string): string => hexText + "01020304050607".slice(0, (16 - (hexText.length % 16)) % 16);
