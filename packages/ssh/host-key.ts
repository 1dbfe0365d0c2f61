import { createHash } from "node:crypto";

/** A public host key: its algorithm and its SSH wire form in base64. */
export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`. */
  readonly type: string;
  readonly encoded: string;
}

const RSA = "ssh-rsa";

/* Signature algorithms that a client may negotiate for each key type, best first. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  [RSA]: ["rsa-sha2-512", "rsa-sha2-256"],
};

/**
 * Parses a key in authorized_keys form, `ssh-ed25519 AAAA… comment`. An RSA key can't be pinned: for it the official
 * command plugin offers SHA-1 signatures only (observed with 1.2.1), which servers have refused since OpenSSH 8.8.
 *
 * @throws Error when the text is no such key; the message doesn't repeat it
 */
export function parseHostKey(text: string): HostKey {
  const [type = "", encoded = ""] = text.trim().split(/\s+/);
  const wellFormed = type in ALGORITHMS && /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) && typeOf(encoded) === type;
  if (wellFormed && type === RSA)
    throw new Error(
      "connection.hostKey is an RSA key, for which the command plugin offers only SHA-1, and servers refuse that; pin the " +
        "server's ssh-ed25519 key (ssh-keyscan -t ed25519 HOST)",
    );
  if (wellFormed) return { type, encoded: Buffer.from(encoded, "base64").toString("base64") };
  throw new Error(
    `failed to parse host key: connection.hostKey is not a public key in authorized_keys form (need "ssh-ed25519 AAAA…")`,
  );
}

/** `ssh-ed25519 SHA256:…`, as ssh-keygen -l prints it. */
export function fingerprint(encoded: string): string {
  const digest = createHash("sha256").update(encoded, "base64").digest("base64");
  return `${typeOf(encoded)} SHA256:${digest.replace(/=+$/, "")}`;
}

/**
 * Algorithms to offer the server: the pinned key's first, so that a server with several keys shows that one; then all
 * others, so that the error can name the key of a server without it.
 */
export function hostKeyAlgorithms(pinned: HostKey): string[] {
  const preferred = ALGORITHMS[pinned.type] ?? [];
  return [
    ...preferred,
    ...Object.values(ALGORITHMS)
      .flat()
      .filter((name) => !preferred.includes(name)),
  ];
}

/** The key type at the start of the wire form: a length of four bytes, then the name. */
function typeOf(encoded: string): string {
  const blob = Buffer.from(encoded, "base64");
  if (blob.length < 4) return "";
  const end = 4 + blob.readUInt32BE(0);
  return end <= blob.length ? blob.toString("ascii", 4, end) : "";
}
