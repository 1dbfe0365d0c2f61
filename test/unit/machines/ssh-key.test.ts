// Proves that a seed gives one key pair that OpenSSH and ssh2 understand. Does not prove that the seed is random.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utils } from "ssh2";
import { describe, expect, it } from "vitest";
import { ed25519KeyPair } from "../../../components/machines/ssh-key";

/** RFC 8032, section 7.1, test 1. */
const SEED = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
const PUBLIC_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/** What ssh-keygen reads out of a private key file. */
function publicKeyByOpenSsh(privateKey: string): string {
  const scratch = mkdtempSync(join(tmpdir(), "ssh-key-"));
  try {
    const file = join(scratch, "key");
    writeFileSync(file, privateKey, { mode: 0o600 });
    return execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim();
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

describe("ed25519KeyPair", () => {
  it("has the public key of the RFC's test vector", () => {
    const { publicKeyOpenSsh } = ed25519KeyPair(SEED, "cp-1");
    const [type, base64, comment] = publicKeyOpenSsh.split(" ");
    expect([type, comment]).toEqual(["ssh-ed25519", "cp-1"]);
    expect(
      Buffer.from(base64 ?? "", "base64")
        .subarray(-32)
        .toString("hex"),
    ).toBe(PUBLIC_KEY);
  });

  it("gives the same texts for the same seed", () => {
    expect(ed25519KeyPair(SEED, "cp-1")).toEqual(ed25519KeyPair(Buffer.from(SEED.toString("hex"), "hex"), "cp-1"));
  });

  // Every length of padding.
  it.each(["", "a", "cp-1", "hub-1", "worker", "worker-1", "a comment", "a comment!"])(
    "is read by OpenSSH: '%s'",
    (comment) => {
      const { privateKeyOpenSsh, publicKeyOpenSsh } = ed25519KeyPair(SEED, comment);
      expect(publicKeyByOpenSsh(privateKeyOpenSsh)).toBe(publicKeyOpenSsh.trim());
    },
  );

  it("is read by ssh2, which connects with it", () => {
    const { privateKeyOpenSsh, publicKeyOpenSsh } = ed25519KeyPair(SEED, "cp-1");
    const parsed = utils.parseKey(privateKeyOpenSsh);
    if (parsed instanceof Error) throw parsed;
    expect(`ssh-ed25519 ${parsed.getPublicSSH().toString("base64")} cp-1`).toBe(publicKeyOpenSsh);
  });

  it("refuses a seed of another length", () => {
    expect(() => ed25519KeyPair(Buffer.alloc(31), "cp-1")).toThrow("ed25519KeyPair — got a seed of 31 bytes, need 32");
  });
});
