/** Packs that are verified on an operator's computer: whole ones pass, each fault is refused. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkIdentity } from "../../../config/age-identity";
import { openSnapshot, readPack } from "../../../scripts/stack/snapshots/pack";
import { refuseUnfit } from "../../../scripts/stack/snapshots/restore";
import { IDENTITY, SEALED } from "./age-sample";

const NAME = "20261129T060000Z-cp-1.age";
const directory = mkdtempSync(join(tmpdir(), "gitops-platform-pack-"));
const file = (...path: string[]): string => join(directory, ...path);
const MANIFEST = {
  format: 1,
  cluster: "c",
  node: "cp-1",
  takenAt: "2026-11-29T06:00:00Z",
  kubernetes: "1.27.4",
  revision: 42,
  keys: 7,
};

beforeAll(() => {
  mkdirSync(file("pki", "etcd"), { recursive: true });
  for (const name of ["ca", "front-proxy-ca", "etcd/ca", "other-ca"]) authority(name);
  execFileSync("openssl", ["genrsa", "-out", file("pki", "sa.key"), "2048"], { stdio: "ignore" });
});
afterAll(() => rmSync(directory, { recursive: true }));

function authority(name: string): void {
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=any"];
  const out = ["-keyout", file("pki", `${name}.key`), "-out", file("pki", `${name}.crt`)];
  execFileSync("openssl", ["req", "-x509", ...curve, ...out], { stdio: "ignore" });
}

/** A database as etcd saves it: bbolt's first page, somewhere the cluster's CA, a checksum behind all. */
function database(ca: string): Buffer {
  const page = Buffer.alloc(4096);
  page.write("edda0ced", 16, "hex");
  const content = Buffer.concat([page, Buffer.from(`\0ca.crt\0${ca}\0`)]);
  return Buffer.concat([content, createHash("sha256").update(content).digest()]);
}

interface Fault {
  readonly database?: Buffer;
  readonly manifest?: object;
  readonly without?: string;
  /** Has the key of another CA. */
  readonly key?: string;
}

/** A pack as the node makes it. */
function pack(fault: Fault = {}): Buffer {
  const content = fault.database ?? database(readFileSync(file("pki", "ca.crt"), "utf8"));
  const sha256 = createHash("sha256").update(content).digest("hex");
  writeFileSync(file("etcd.db"), content);
  writeFileSync(file("manifest.json"), JSON.stringify({ ...MANIFEST, sha256, ...fault.manifest }));
  const pairs = ["ca", "front-proxy-ca", "etcd/ca"].flatMap((name) => [`pki/${name}.crt`, `pki/${name}.key`]);
  const members = ["manifest.json", ...pairs, "pki/sa.key", "etcd.db"].filter((name) => name !== fault.without);
  const swap = fault.key === undefined ? [] : ["--transform", `s|^pki/other-ca.key$|${fault.key}|`, "pki/other-ca.key"];
  const named = [...swap, ...members.filter((name) => name !== fault.key)];
  const tar = ["--create", "--gzip", "--format=ustar", "--directory", directory, ...named];
  return execFileSync("tar", tar, { maxBuffer: 1e8 });
}

it("reads a whole one", () => {
  const snapshot = readPack(NAME, pack());
  expect(snapshot.manifest).toMatchObject(MANIFEST);
  expect(snapshot.caCertificate).toBe(readFileSync(file("pki", "ca.crt"), "utf8"));
});

it.each<[string, () => Fault, string]>([
  ["without a CA's key", () => ({ without: "pki/etcd/ca.key" }), "lacks pki/etcd/ca.key"],
  ["without its database", () => ({ without: "etcd.db" }), "lacks etcd.db"],
  [
    "of a later format",
    () => ({ manifest: { format: 2 } }),
    "has the format 2 (need 1: check out the version that took it)",
  ],
  ["with another database than it says", () => ({ manifest: { sha256: "00" } }), "(need 00)"],
  [
    "whose database is cut off",
    () => ({ database: database("x").subarray(0, -1) }),
    "lacks the checksum that etcd puts behind it",
  ],
  [
    "whose database is no database",
    () => ({ database: Buffer.concat([Buffer.from("text"), createHash("sha256").update("text").digest()]) }),
    "its database is none of etcd's",
  ],
  [
    "with the key of another CA",
    () => ({ key: "pki/front-proxy-ca.key" }),
    "pki/front-proxy-ca.key is not the key of pki/front-proxy-ca.crt",
  ],
  [
    "with another cluster's database",
    () => ({ database: database(readFileSync(file("pki", "other-ca.crt"), "utf8")) }),
    "its database is another cluster's than its CA",
  ],
])("refuses one %s", (_what, fault, sentence) => {
  expect(() => readPack(NAME, pack(fault()))).toThrow(sentence);
});

it("names the file, and says that nothing was changed", () => {
  const checked = checkIdentity(IDENTITY);
  if (!("ok" in checked)) throw new Error(checked.wrong);
  expect(() => openSnapshot(NAME, SEALED.subarray(0, -1), checked.ok)).toThrow(
    `${NAME} — is cut off or was changed (after 0 of 29 bytes); nothing was changed. Choose another snapshot`,
  );
});

it("refuses a snapshot that the stack's next cluster can't be founded with", () => {
  const manifest = { ...MANIFEST, sha256: "" };
  const stackFile = { cluster: "c", kubernetes: "1.27.4" };
  expect(() => refuseUnfit("staging", { manifest }, stackFile)).not.toThrow();
  expect(() => refuseUnfit("staging", { manifest: { ...manifest, cluster: "d" } }, stackFile)).toThrow(
    "the snapshot is of the cluster d (need c, as Pulumi.staging.yaml names it); choose one of this stack. Nothing was changed",
  );
  expect(() => refuseUnfit("staging", { manifest: { ...manifest, kubernetes: "1.27.3" } }, stackFile)).toThrow(
    "the snapshot is of Kubernetes 1.27.3, and Pulumi.staging.yaml has 1.27.4; set versions.kubernetes to 1.27.3 for the restore, " +
      "and upgrade afterwards. Nothing was changed",
  );
});
