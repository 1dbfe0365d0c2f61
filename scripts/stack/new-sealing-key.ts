import * as x509 from "@peculiar/x509";
import { randomBytes, webcrypto } from "node:crypto";

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

/** A random serial number, in hex. Its first bit is 0: Go's parser refuses negative numbers. */
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
