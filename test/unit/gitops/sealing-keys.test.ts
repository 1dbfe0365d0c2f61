import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { publishedCertificate, sealingCertificates } from "../../../components/gitops/sealing-keys";
import { newSealingKey, serialNumber } from "../../../scripts/stack/new-sealing-key";

// 4096-bit keys: the search for primes takes from one second to many.
describe("sealing keys", { timeout: 180_000 }, async () => {
  const older = await newSealingKey(new Date("2026-01-02T03:04:05Z"));
  const newer = await newSealingKey(new Date("2026-06-01T00:00:00Z"));

  it("have a serial number that is never negative, whatever was drawn", () => {
    expect(serialNumber(Buffer.alloc(16, 0xff))).toBe(`01${"ff".repeat(15)}`);
    expect(BigInt(`0x${new X509Certificate(older.certificate).serialNumber}`)).toBeLessThan(2n ** 127n);
  });

  it("are RSA with 4096 bits, self-signed, for ten years", () => {
    const certificate = new X509Certificate(older.certificate);
    expect(certificate.publicKey.asymmetricKeyType).toBe("rsa");
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(4096);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect([certificate.validFrom, certificate.validTo]).toEqual([
      "Jan  2 03:04:05 2026 GMT",
      "Jan  2 03:04:05 2036 GMT",
    ]);
    expect(older.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n[\s\S]+\n-----END PRIVATE KEY-----\n$/);
  });

  it("are named after their certificates, whatever the order and the final newline", () => {
    const [first, second] = sealingCertificates([older.certificate, newer.certificate.trimEnd()]);
    const [turned] = sealingCertificates([newer.certificate]);
    expect(first?.secretName).toMatch(/^sealed-secrets-key-[0-9a-f]{12}$/);
    expect(first?.secretName).not.toBe(second?.secretName);
    expect(turned).toEqual(second);
  });

  it.each(["older first", "newer first"])("publish the newest, %s", (order) => {
    const pems = [older.certificate, newer.certificate];
    expect(publishedCertificate(order === "older first" ? pems : pems.reverse())).toBe(newer.certificate);
  });

  it("are refused twice over, or when there are none", () => {
    expect(() => sealingCertificates([older.certificate, newer.certificate, older.certificate])).toThrow(
      "sealingKeys[2] — is the same certificate as sealingKeys[0]; remove one of the two",
    );
    expect(() => publishedCertificate([])).toThrow(
      "sealingKeys — is empty (got 0 key pairs, need at least 1): the controller would invent a key that no rebuild has; " +
        "make one with npm run rotate-sealing-key -- STACK add",
    );
  });
});
