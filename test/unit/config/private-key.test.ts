/**
 * Private keys in the forms that programs write, judged by OpenSSH itself: what is accepted, ssh-keygen reads. Does not
 * prove that a server takes them.
 */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { checkPrivateKey } from "../../../config/private-key";

const folder = mkdtempSync(join(tmpdir(), "gitops-platform-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A key of ssh-keygen. */
function made(name: string, ...flags: string[]): string {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-N", "", "-C", "made for a test", "-f", file, ...flags]);
  return readFileSync(file, "utf8");
}

function publicHalf(privateKey: string): string {
  const file = join(folder, "read");
  rmSync(file, { force: true });
  writeFileSync(file, privateKey, { mode: 0o600 });
  const printed = execFileSync("ssh-keygen", ["-y", "-P", "", "-f", file], { encoding: "utf8" });
  return printed.split(" ").slice(0, 2).join(" ").trim();
}

const ed25519 = made("ed25519", "-t", "ed25519");
const pkcs8 = (type: "ed25519" | "x25519" | "ed448"): string =>
  generateKeyPairSync(type as "ed25519")
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
const curve = (namedCurve: string): string =>
  generateKeyPairSync("ec", { namedCurve }).privateKey.export({ type: "sec1", format: "pem" }).toString();

it.each([
  ["Ed25519", ed25519],
  ["RSA", made("rsa", "-t", "rsa", "-b", "2048")],
  ["ECDSA", made("ecdsa", "-t", "ecdsa")],
])("a key of the type %s stays as ssh-keygen writes it", (_type, text) => {
  expect(checkPrivateKey(text)).toEqual({ ok: text });
  expect(checkPrivateKey(text.trimEnd())).toEqual({ ok: text });
});

it.each([
  ["with Windows line ends", ed25519.replaceAll("\n", "\r\n"), ed25519],
  ["indented, as in YAML", ed25519.replaceAll(/^/gm, "    "), ed25519],
  ["on one line", ed25519.replaceAll("\n", " "), ed25519],
  ["with newlines in letters, as in JSON", ed25519.replaceAll("\n", "\\n"), ed25519],
  ["behind a byte order mark", `\uFEFF${ed25519}`, ed25519],
  ["in lines of another length", ed25519.replaceAll(/^(.{64})(.+)$/gm, "$1\n$2"), undefined],
  ["followed by its public half", `${ed25519}${readFileSync(join(folder, "ed25519.pub"), "utf8")}`, ed25519],
  ["in PKCS#8, Ed25519", pkcs8("ed25519"), undefined],
  ["in PKCS#8, ECDSA", made("ecdsa-8", "-t", "ecdsa", "-b", "384", "-m", "PKCS8"), undefined],
  ["in PEM, RSA", made("rsa-1", "-t", "rsa", "-b", "2048", "-m", "PEM"), undefined],
  ["in PEM, ECDSA", curve("secp521r1"), undefined],
])("a key %s becomes one that OpenSSH reads, the same each time", (_form, text, whole) => {
  const checked = checkPrivateKey(text);
  if (!("ok" in checked)) throw new Error(checked.wrong);
  expect(publicHalf(checked.ok)).toMatch(/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) \S+$/);
  expect(checkPrivateKey(text)).toEqual(checked);
  expect(checkPrivateKey(checked.ok)).toEqual(checked);
  if (whole !== undefined) expect(checked.ok).toBe(whole);
});

function onSecurityKey(type: string): string {
  const field = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
  const fields = ["none", "none", ""].map(field);
  const bytes = Buffer.concat([Buffer.from("openssh-key-v1\0"), ...fields, Buffer.from([0, 0, 0, 1]), field(type)]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

const passphrase = "is protected by a passphrase; take it off a copy: ssh-keygen -p -N '' -f COPY";
const locked = (form: string): string => made(`locked-${form}`, "-t", "rsa", "-b", "2048", "-m", form, "-N", "secret");

it.each([
  ["OpenSSH's form with a passphrase", locked("RFC4716"), passphrase],
  ["PEM with a passphrase", locked("PEM"), passphrase],
  ["PKCS#8 with a passphrase", locked("PKCS8"), passphrase],
  ["two keys", `${ed25519}${pkcs8("ed25519")}`, "holds more than one private key; keep one"],
  ["a key that is cut off", ed25519.slice(0, 200), "is a damaged private key"],
  ["a key with a hole", ed25519.replace(/\n.{30}/, "\n"), "is a damaged private key"],
  ["a curve of Bitcoin", curve("secp256k1"), "is a key of the type secp256k1, which SSH doesn't use"],
  ["X25519", pkcs8("x25519"), "is a key of the type x25519, which SSH doesn't use"],
  ["Ed448", pkcs8("ed448"), "is a key of the type ed448, which SSH doesn't use"],
  [
    "a small RSA key",
    generateKeyPairSync("rsa", { modulusLength: 768 }).privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    "is an RSA key of 768 bits, and OpenSSH takes none below 1024",
  ],
  ...["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"].map((type) => [
    `a key ${type}`,
    // OpenSSH makes one only with such a key plugged in: the beginning of its form.
    onSecurityKey(type),
    "is on a security key (sk-…), which has to be touched; make an Ed25519 key without one",
  ]),
  [
    "PuTTY's form",
    "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
    "is in PuTTY's form; convert a copy first: puttygen COPY -O private-openssh -o KEYFILE",
  ],
  [
    "base64 of a key",
    Buffer.from(ed25519).toString("base64"),
    "is encoded in base64 once more; decode it first: base64 --decode COPY > KEYFILE",
  ],
  ["a public key", "ssh-ed25519 AAAA", "is a public key; the private one is in the file beside it, without .pub"],
  ["anything else", "buy milk", "is not a private key"],
])("%s is refused with the cure", (_form, text, wrong) => {
  expect(checkPrivateKey(text)).toEqual({ wrong });
});
