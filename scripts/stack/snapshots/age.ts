import { createDecipheriv, createHmac, diffieHellman, hkdfSync, timingSafeEqual } from "node:crypto";
import { type AgeIdentity, publicKeyOf } from "../../../config/age-identity";

/** A file that is not what age wrote for this identity: never why in detail, only what an operator can do something about. */
export class AgeError extends Error {}

const VERSION = "age-encryption.org/v1";
const TAG_BYTES = 16;
const NONCE_BYTES = 16;
const CHUNK_BYTES = 64 * 1024 + TAG_BYTES;

/**
 * Decrypts a file of age's format, version 1, for an X25519 identity: an operator's computer needs no program for it.
 *
 * @throws AgeError for a file that is cut off, changed in any bit, or encrypted for somebody else
 */
export function decryptAge(file: Buffer, identity: AgeIdentity): Buffer {
  const { body, header, mac, stanzas } = parseHeader(file);
  const fileKey = stanzas.map((stanza) => unwrap(stanza, identity)).find((key) => key !== undefined);
  if (!fileKey) throw new AgeError("is encrypted for another stack's identity, or for one that was replaced");
  const expected = createHmac("sha256", derive(fileKey, Buffer.alloc(0), "header"))
    .update(header)
    .digest();
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected))
    throw new AgeError("has a header that was changed");
  const key = derive(fileKey, body.subarray(0, NONCE_BYTES), "payload");
  return decryptChunks(body.subarray(NONCE_BYTES), key);
}

interface Stanza {
  readonly type: string;
  readonly share: Buffer;
  readonly body: Buffer;
}

interface Header {
  /** What the MAC is over. */
  readonly header: Buffer;
  readonly mac: Buffer;
  readonly stanzas: readonly Stanza[];
  readonly body: Buffer;
}

function parseHeader(file: Buffer): Header {
  const end = file.indexOf("\n--- ");
  const last = end < 0 ? -1 : file.indexOf("\n", end + 1);
  if (last < 0 || !file.subarray(0, VERSION.length + 1).equals(Buffer.from(`${VERSION}\n`)))
    throw new AgeError(`is no file that age wrote (need ${VERSION} in its first line), or its beginning is missing`);
  const lines = file.subarray(0, end).toString("latin1").split("\n").slice(1);
  const stanzas = lines.flatMap((line, index): Stanza[] => {
    if (!line.startsWith("-> ")) return [];
    const [, type = "", share = ""] = line.split(" ");
    const rest = lines.slice(index + 1);
    const next = rest.findIndex((other) => other.startsWith("-> "));
    const body = rest.slice(0, next < 0 ? rest.length : next).join("");
    return [{ type, share: bytesOf(share), body: bytesOf(body) }];
  });
  const mac = bytesOf(file.subarray(end + "\n--- ".length, last).toString("latin1"));
  return { header: file.subarray(0, end + "\n---".length), mac, stanzas, body: file.subarray(last + 1) };
}

/** The bytes of base64 without padding; none of a text that Node.js reads, and age would not write. */
function bytesOf(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64").replaceAll("=", "") === text ? bytes : Buffer.alloc(0);
}

/** The file's key, if the stanza is for this identity. */
function unwrap({ body, share, type }: Stanza, { privateKey, publicKey }: AgeIdentity): Buffer | undefined {
  if (type !== "X25519" || share.length !== publicKey.length) return undefined;
  const secret = diffieHellman({ privateKey, publicKey: publicKeyOf(share) });
  const key = derive(secret, Buffer.concat([share, publicKey]), `${VERSION}/X25519`);
  return open(body, key, Buffer.alloc(12));
}

/** The last chunk says that it is the last, so that a file that is cut off between two chunks is recognised. */
function decryptChunks(data: Buffer, key: Buffer): Buffer {
  const count = Math.max(1, Math.ceil(data.length / CHUNK_BYTES));
  const chunks = Array.from({ length: count }, (_, index) => {
    const nonce = Buffer.alloc(12);
    nonce.writeUInt32BE(index, 7);
    nonce[11] = index === count - 1 ? 1 : 0;
    const chunk = open(data.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES), key, nonce);
    if (!chunk) throw new AgeError(`is cut off or was changed (after ${index * CHUNK_BYTES} of ${data.length} bytes)`);
    return chunk;
  });
  return Buffer.concat(chunks);
}

function open(data: Buffer, key: Buffer, nonce: Buffer): Buffer | undefined {
  if (data.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(data.subarray(-TAG_BYTES));
  const clear = decipher.update(data.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return clear;
}

function derive(secret: Buffer, salt: Buffer, info: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, info, 32));
}
