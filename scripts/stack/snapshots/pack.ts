import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { type AgeIdentity } from "../../../config/age-identity";
import { AgeError, decryptAge } from "./age";

/** What a snapshot says of itself (scripts/remote/kubernetes/snapshot-etcd.sh). */
export interface Manifest {
  readonly format: number;
  /** Name of the cluster. */
  readonly cluster: string;
  /** The control plane that took it. */
  readonly node: string;
  readonly takenAt: string;
  /** Version of its API server, without a leading v. */
  readonly kubernetes: string;
  /** etcd's. */
  readonly revision: number;
  readonly keys: number;
  /** Of the database. */
  readonly sha256: string;
}

/** A snapshot that was opened and found whole. */
export interface Snapshot {
  readonly manifest: Manifest;
  /** The cluster's CA, PEM. Not secret. */
  readonly caCertificate: string;
  /** Size of etcd's database. */
  readonly databaseBytes: number;
  /** The pack in clear (secret): a compressed archive with the CAs' keys. */
  readonly clear: Buffer;
}

const FORMAT = 1;
const DATABASE = "etcd.db";
const SUM_BYTES = 32;
/** Each CA, and the pair that signs the tokens of ServiceAccounts. */
const AUTHORITIES = ["pki/ca", "pki/front-proxy-ca", "pki/etcd/ca"] as const;
/** bbolt's mark in the first page of a database. */
const BOLT_MAGIC = Buffer.from("edda0ced", "hex");
const BOLT_MAGIC_AT = 16;

/**
 * Opens a snapshot and verifies all of it, age's seals first.
 *
 * @param name of the file, for the error
 * @throws a sentence with what is wrong
 */
export function openSnapshot(name: string, file: Buffer, identity: AgeIdentity): Snapshot {
  try {
    return readPack(name, decryptAge(file, identity));
  } catch (error) {
    throw error instanceof AgeError ? refusal(name, error.message) : error;
  }
}

function refusal(name: string, wrong: string): Error {
  return new Error(`${name} — ${wrong}; nothing was changed. Choose another snapshot`);
}

/**
 * Verifies a pack: the database against its two checksums, each CA against its key, and that the database belongs to a cluster
 * with this CA, which every namespace has in a ConfigMap.
 */
export function readPack(name: string, clear: Buffer): Snapshot {
  const refuse = (wrong: string): Error => refusal(name, wrong);
  const members = readTar(gunzipSync(clear));
  const member = (path: string): Buffer => {
    const content = members.get(path);
    if (!content) throw refuse(`lacks ${path}`);
    return content;
  };
  const manifest = JSON.parse(member("manifest.json").toString()) as Manifest;
  if (manifest.format !== FORMAT)
    throw refuse(`has the format ${manifest.format} (need ${FORMAT}: check out the version that took it)`);
  const database = member(DATABASE);
  const sum = createHash("sha256").update(database).digest("hex");
  if (sum !== manifest.sha256) throw refuse(`its database has SHA-256 ${sum} (need ${manifest.sha256})`);
  const own = createHash("sha256").update(database.subarray(0, -SUM_BYTES)).digest();
  if (!own.equals(database.subarray(-SUM_BYTES)))
    throw refuse("its database lacks the checksum that etcd puts behind it");
  if (!database.subarray(BOLT_MAGIC_AT, BOLT_MAGIC_AT + BOLT_MAGIC.length).equals(BOLT_MAGIC))
    throw refuse("its database is none of etcd's");
  for (const path of AUTHORITIES) {
    const certificate = new X509Certificate(member(`${path}.crt`));
    if (!certificate.checkPrivateKey(createPrivateKey(member(`${path}.key`))))
      throw refuse(`${path}.key is not the key of ${path}.crt`);
  }
  createPrivateKey(member("pki/sa.key"));
  const caCertificate = member("pki/ca.crt").toString();
  if (!database.includes(caCertificate.trim())) throw refuse("its database is another cluster's than its CA");
  return { manifest, caCertificate, databaseBytes: database.length, clear };
}

/** The files of an archive in the form `ustar`, by path. */
function readTar(archive: Buffer): ReadonlyMap<string, Buffer> {
  const BLOCK = 512;
  const files = new Map<string, Buffer>();
  const text = (at: number, length: number): string => {
    return archive.toString("latin1", at, at + length).replace(/\0.*$/s, "");
  };
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const size = parseInt(text(at + 124, 12), 8);
    if (["0", ""].includes(text(at + 156, 1)))
      files.set(text(at, 100), archive.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
