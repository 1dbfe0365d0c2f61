import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { type Checked, attempt } from "./keys";

/** A stack's own pair of age (C2SP's format, X25519). */
export interface AgeIdentity {
  readonly privateKey: KeyObject;
  /** The 32 bytes of the public key. */
  readonly publicKey: Buffer;
  /** The public half as `age --recipient` takes it. Not secret. */
  readonly recipient: string;
}

const IDENTITY = "age-secret-key-";
const RECIPIENT = "age";
/** What stands before the 32 bytes of an X25519 key in PKCS#8 and in SubjectPublicKeyInfo. */
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI = Buffer.from("302a300506032b656e032100", "hex");
const KEY_BYTES = 32;

/** Makes an identity: `AGE-SECRET-KEY-1…`. */
export function newIdentity(): string {
  const { privateKey } = generateKeyPairSync("x25519");
  return encode(IDENTITY, privateKey.export({ type: "pkcs8", format: "der" }).subarray(PKCS8.length)).toUpperCase();
}

/** Reads an identity. What is wrong with it never holds any part of it. */
export function checkIdentity(text: string): Checked<AgeIdentity> {
  const given = text.trim();
  if (given.toLowerCase().startsWith(`${RECIPIENT}1`)) return { wrong: "is a recipient, the public half" };
  const bytes = given === given.toUpperCase() ? decode(IDENTITY, given.toLowerCase()) : undefined;
  if (bytes?.length !== KEY_BYTES) return { wrong: "is no age identity, or damaged" };
  const privateKey = attempt(() => {
    return createPrivateKey({ key: Buffer.concat([PKCS8, bytes]), format: "der", type: "pkcs8" });
  });
  if (!privateKey) return { wrong: "is a damaged age identity" };
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" }).subarray(SPKI.length);
  return { ok: { privateKey, publicKey, recipient: encode(RECIPIENT, publicKey) } };
}

/** The 32 bytes of a public key as Node.js takes it. */
export function publicKeyOf(bytes: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: "der", type: "spki" });
}

/** Bech32, BIP 173. */
const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM_LETTERS = 6;

function encode(prefix: string, bytes: Buffer): string {
  const data = regroup([...bytes], 8, 5, true) ?? [];
  const rest = checksum([...expanded(prefix), ...data, ...Array<number>(CHECKSUM_LETTERS).fill(0)]) ^ 1;
  const sum = Array.from({ length: CHECKSUM_LETTERS }, (_, index) => (rest >>> (5 * (5 - index))) & 31);
  return `${prefix}1${[...data, ...sum].map((value) => LETTERS[value]).join("")}`;
}

function decode(prefix: string, text: string): Buffer | undefined {
  if (!text.startsWith(`${prefix}1`)) return undefined;
  const values = text
    .slice(prefix.length + 1)
    .split("")
    .map((letter) => LETTERS.indexOf(letter));
  if (values.includes(-1) || checksum([...expanded(prefix), ...values]) !== 1) return undefined;
  const bytes = regroup(values.slice(0, -CHECKSUM_LETTERS), 5, 8, false);
  return bytes && Buffer.from(bytes);
}

function expanded(prefix: string): number[] {
  const codes = [...Buffer.from(prefix)];
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function checksum(values: readonly number[]): number {
  return values.reduce((sum, value) => {
    const next = ((sum & 0x1ffffff) << 5) ^ value;
    return GENERATOR.reduce((mixed, part, bit) => ((sum >>> (25 + bit)) & 1 ? mixed ^ part : mixed), next);
  }, 1);
}

/** Groups of `from` bits as groups of `to` bits; undefined where bits that must be zero are left over. */
function regroup(values: readonly number[], from: number, to: number, pad: boolean): number[] | undefined {
  const result: number[] = [];
  let [held, bits] = [0, 0];
  for (const value of values) {
    held = ((held << from) | value) & 0xfff;
    for (bits += from; bits >= to;) {
      bits -= to;
      result.push((held >> bits) & ((1 << to) - 1));
    }
  }
  const left = (held << (to - bits)) & ((1 << to) - 1);
  if (pad) return bits > 0 ? [...result, left] : result;
  return bits >= from || left !== 0 ? undefined : result;
}
