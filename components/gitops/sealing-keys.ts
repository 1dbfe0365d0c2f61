import { X509Certificate } from "node:crypto";

/** The public half of a sealing key pair, as the program needs it. */
export interface SealingCertificate {
  /** PEM, ending in a newline. */
  readonly pem: string;
  /** Name of the Secret that holds the pair; the same certificate always gives the same name. */
  readonly secretName: string;
  /** When it starts to be valid, in milliseconds since 1970; the newest one seals. */
  readonly notBefore: number;
}

/** Reads PEM certificates and names their Secrets after their fingerprints, so that a key restored twice is one key. */
export function sealingCertificates(pems: readonly string[]): SealingCertificate[] {
  const certificates = pems.map((pem) => {
    const parsed = new X509Certificate(pem);
    const fingerprint = parsed.fingerprint256.replaceAll(":", "").toLowerCase().slice(0, 12);
    return {
      pem: `${pem.trimEnd()}\n`,
      secretName: `sealed-secrets-key-${fingerprint}`,
      notBefore: Date.parse(parsed.validFrom),
    };
  });
  certificates.forEach(({ secretName }, index) => {
    const first = certificates.findIndex((other) => other.secretName === secretName);
    if (first !== index) {
      throw new Error(
        `sealingKeys[${index}] — is the same certificate as sealingKeys[${first}]; remove one of the two`,
      );
    }
  });
  return certificates;
}

/** The certificate to seal with, PEM: the newest, which is also the one the controller itself publishes. */
export function publishedCertificate(pems: readonly string[]): string {
  const [first, ...others] = sealingCertificates(pems);
  if (!first) {
    throw new Error(
      "sealingKeys — is empty (got 0 key pairs, need at least 1): the controller would invent a key that no rebuild has; " +
        "make one with npm run rotate-sealing-key -- STACK add",
    );
  }
  return others.reduce((newest, other) => (other.notBefore > newest.notBefore ? other : newest), first).pem;
}
