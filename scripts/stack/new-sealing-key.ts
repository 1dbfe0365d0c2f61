/**
 * Makes a key pair for Sealed Secrets: RSA with 4096 bits and a self-signed certificate for ten years, since kubeseal
 * refuses expired ones and a rebuild must still open what was sealed years ago.
 *
 *     npx tsx scripts/stack/new-sealing-key.ts CERTIFICATE_FILE PRIVATE_KEY_FILE
 *
 * The files must not exist yet; the private key's is for its owner only (0600). Nothing secret is printed.
 */
import * as x509 from "@peculiar/x509";
import { randomBytes, webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";

/** A new pair, both halves PEM with a final newline. */
export interface NewSealingKey {
  readonly certificate: string;
  readonly privateKey: string;
}

const YEARS = 10;
const ALGORITHM = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 4096,
  publicExponent: new Uint8Array([1, 0, 1]),
};

/** A random serial number, in hex. Its first bit is 0: with it the number would be negative, which Go's parser refuses. */
export function serialNumber(random: Buffer = randomBytes(16)): string {
  return Buffer.concat([Buffer.from([1]), random.subarray(1)]).toString("hex");
}

/** Makes a key pair that is valid for ten years from `now` on. Takes a second or several: 4096 bits. */
export async function newSealingKey(now = new Date()): Promise<NewSealingKey> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + YEARS);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: "CN=sealed-secrets",
      notBefore: now,
      notAfter,
      keys,
      signingAlgorithm: ALGORITHM,
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: `${certificate.toString("pem").trimEnd()}\n`,
    privateKey: `${x509.PemConverter.encode(pkcs8, "PRIVATE KEY").trimEnd()}\n`,
  };
}

async function main([certificateFile, privateKeyFile, ...rest]: readonly string[]): Promise<void> {
  if (!certificateFile || !privateKeyFile || rest.length > 0) {
    throw new Error("usage: npx tsx scripts/stack/new-sealing-key.ts CERTIFICATE_FILE PRIVATE_KEY_FILE");
  }
  const { certificate, privateKey } = await newSealingKey();
  // wx: a key that something in Git is sealed with must never be overwritten.
  writeFileSync(privateKeyFile, privateKey, { mode: 0o600, flag: "wx" });
  writeFileSync(certificateFile, certificate, { flag: "wx" });
  process.stdout.write(`${certificateFile} and ${privateKeyFile}: a sealing key for ${YEARS} years\n`);
}

if (require.main === module) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
