import { describe, expect, it } from "vitest";
import { fingerprint, hostKeyAlgorithms, parseHostKey } from "../host-key";
import { endpointName } from "../settings";

/* A key made for this test, and its fingerprint as ssh-keygen -l prints it. */
const KEY = "AAAAC3NzaC1lZDI1NTE5AAAAID21i2Lrb8bLS7F06CPOdZBjJ7ryykjn2cYTv9D0xrew";

describe("parseHostKey", () => {
  it.each([`ssh-ed25519 ${KEY}`, `ssh-ed25519 ${KEY} root@host\n`])("takes %j", (text) => {
    expect(parseHostKey(text)).toEqual({ type: "ssh-ed25519", encoded: KEY });
  });

  it.each([
    "",
    "ssh-ed25519",
    KEY,
    `ssh-rsa ${KEY}`,
    "ssh-ed25519 AAAA",
    "ssh-ed25519 not/base64!",
    `host ssh-ed25519 ${KEY}`,
  ])("refuses %j", (text) => {
    expect(() => parseHostKey(text)).toThrow("connection.hostKey is not a public key in authorized_keys form");
  });
});

it("refuses an RSA key, which the official plugin can't verify", () => {
  const length = Buffer.from([0, 0, 0, 7]);
  const encoded = Buffer.concat([length, Buffer.from("ssh-rsa")]).toString("base64");
  expect(() => parseHostKey(`ssh-rsa ${encoded}`)).toThrow(
    /^connection\.hostKey is an RSA key, .*; pin the server's ssh-ed25519 key/,
  );
});

it("offers the pinned key's algorithm first, so that the server shows that key", () => {
  expect(hostKeyAlgorithms({ type: "ecdsa-sha2-nistp384", encoded: "" })).toEqual([
    "ecdsa-sha2-nistp384",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
  ]);
});

it("prints a key like ssh-keygen -l", () => {
  expect(fingerprint(KEY)).toBe("ssh-ed25519 SHA256:f8sNt0Id9Nb9CcIhFLoK8RPCxexWqcdXy1ySL29TvUs");
});

it("puts an IPv6 address in brackets", () => {
  expect(endpointName({ host: "fe80::1", port: 22 } as never)).toBe("[fe80::1]:22");
});
