// Proves that the public half is the one OpenSSH would tell. Real keys of other types than these aren't tried.
import { generateKeyPairSync } from "node:crypto";
import { utils } from "ssh2";
import { describe, expect, it } from "vitest";
import { publicKeyOf } from "../../../components/machines/public-key";
import { ed25519KeyPair } from "../../../components/machines/ssh-key";

describe("publicKeyOf", () => {
  it("is the public half of an OpenSSH key, comment and all", () => {
    const pair = ed25519KeyPair(Buffer.alloc(32, 1), "operator");
    expect(publicKeyOf(pair.privateKeyOpenSsh)).toBe(pair.publicKeyOpenSsh);
  });

  it("doesn't need the final newline, which configuration loses easily", () => {
    const pair = ed25519KeyPair(Buffer.alloc(32, 1), "operator");
    expect(publicKeyOf(pair.privateKeyOpenSsh.trimEnd())).toBe(pair.publicKeyOpenSsh);
  });

  it("reads RSA keys in PEM, which older key pairs are", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    const parsed = utils.parseKey(pem);
    if (parsed instanceof Error) throw parsed;
    expect(publicKeyOf(pem).split(" ").slice(0, 2)).toEqual(["ssh-rsa", parsed.getPublicSSH().toString("base64")]);
  });

  it.each(["", "ssh-ed25519 AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"])(
    "refuses what isn't a private key: %j",
    (text) => {
      expect(() => publicKeyOf(text)).toThrow();
    },
  );
});
