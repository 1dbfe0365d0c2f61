import * as x509 from "@peculiar/x509";
import { webcrypto } from "node:crypto";
import { expect, test } from "vitest";
import { judgeNode, notesOn } from "../../../scripts/stack/drift/judge";
import { parseProbe } from "../../../scripts/stack/drift/observed";
import { cleanProbe, controlPlane, OTHER, SUM } from "./nodes";

/** Findings as one line each, without what to do. */
function judged(probe: string): string[] {
  return judgeNode(controlPlane, parseProbe(probe)).map(
    ({ where, what, expected, found }) => `${where} | ${what} | ${expected} | ${found}`,
  );
}

const changed = (from: string, to: string): string => {
  expect(cleanProbe).toContain(from);
  return cleanProbe.replace(from, to);
};

test("a node as the steps left it has no finding", () => {
  expect(judged(cleanProbe)).toEqual([]);
});

test.each([
  [
    "an edited file",
    changed(`/etc/crictl.yaml\t${SUM}`, `/etc/crictl.yaml\t${OTHER}`),
    "cp-1 | /etc/crictl.yaml | sha256 aaaaaaaaaaaa | sha256 bbbbbbbbbbbb",
  ],
  [
    "a deleted file",
    changed(`/usr/local/bin/kubectl\t${SUM}`, "/usr/local/bin/kubectl\t-"),
    "cp-1 | /usr/local/bin/kubectl | sha256 aaaaaaaaaaaa | missing",
  ],
  [
    "a static pod of somebody else's",
    changed("package\t", "manifest\t/etc/kubernetes/manifests/miner.yaml\npackage\t"),
    "cp-1 | /etc/kubernetes/manifests/miner.yaml | no such file | a static pod that nobody here wrote",
  ],
  ["an older package", changed("1.6.20\tsame", "1.6.18\tolder"), "cp-1 | package containerd | 1.6.20 | 1.6.18"],
  ["a missing package", changed("1.6.20\tsame", "-\tolder"), "cp-1 | package containerd | 1.6.20 | not installed"],
  [
    "a stopped service",
    changed("unit\tkubelet\tactive", "unit\tkubelet\tinactive"),
    "cp-1 | service kubelet | active, enabled | inactive, enabled",
  ],
  [
    "a disabled service",
    changed("unit\tkubelet\tactive\tenabled", "unit\tkubelet\tactive\tdisabled"),
    "cp-1 | service kubelet | active, enabled | active, disabled",
  ],
  [
    "a drop-in",
    changed("unit\tkubelet\tactive\tenabled\tno\t", "unit\tkubelet\tactive\tenabled\tno\t/etc/x.conf"),
    "cp-1 | service kubelet: drop-ins | none | /etc/x.conf",
  ],
  [
    "a unit that systemd has to read again",
    changed("unit\tkubelet\tactive\tenabled\tno", "unit\tkubelet\tactive\tenabled\tyes"),
    "cp-1 | service kubelet: unit file | read by systemd | changed since",
  ],
  [
    "a program that goes on from a file that was replaced",
    changed("sysctl\t", "program\tcontainerd\tcurrent\nprogram\tkubelet\treplaced\nsysctl\t"),
    "cp-1 | service kubelet: program | the installed one | one that was replaced since",
  ],
  ["a kernel setting", changed("ip_forward\t1", "ip_forward\t0"), "cp-1 | sysctl net.ipv4.ip_forward | 1 | 0"],
  [
    "an unloaded module",
    changed("br_netfilter\tyes", "br_netfilter\tno"),
    "cp-1 | module br_netfilter | loaded | not loaded",
  ],
  ["swap", changed("swap\tno", "swap\tyes"), "cp-1 | swap | off | on"],
  [
    "a slow disk",
    changed("end", "disk\t41234567\nend"),
    "cp-1 | fdatasync p99 on /var/lib/etcd | 10 ms or less | 41.235 ms",
  ],
  [
    "a disk that is over the limit by a nanosecond",
    changed("end", "disk\t10000001\nend"),
    "cp-1 | fdatasync p99 on /var/lib/etcd | 10 ms or less | 10 ms",
  ],
  [
    "a disk without a percentile",
    changed("end", "disk\tnull\nend"),
    "cp-1 | fdatasync p99 on /var/lib/etcd | 10 ms or less | fio reported none",
  ],
])("%s is one finding by name", (_, probe, finding) => {
  expect(judged(probe)).toEqual([finding]);
});

test("an updated package with its programs is told, and is no finding", () => {
  const program = `/usr/bin/containerd\t${SUM}`;
  const probe = changed("1.6.20\tsame", "1.6.24\tnewer").replace(program, `/usr/bin/containerd\t${OTHER}`);
  expect(judged(probe)).toEqual([]);
  expect(notesOn(controlPlane, parseProbe(probe))).toEqual(["cp-1: package containerd was updated, 1.6.20 to 1.6.24"]);
});

test("a program that is not its package's is a finding", () => {
  const probe = changed(`/usr/bin/containerd\t${SUM}`, `/usr/bin/containerd\t${OTHER}`);
  expect(judged(probe)).toEqual(["cp-1 | /usr/bin/containerd | sha256 aaaaaaaaaaaa | sha256 bbbbbbbbbbbb"]);
});

test("a disk within its limit is only told", () => {
  const observed = parseProbe(changed("end", "disk\t2004000\nend"));
  expect(judgeNode(controlPlane, observed)).toEqual([]);
  expect(notesOn(controlPlane, observed)).toEqual(["cp-1: fdatasync p99 2.004 ms on /var/lib/etcd (limit 10 ms)"]);
});

test.each([
  ["30 days left", "2030-01-31T00:00:00Z", []],
  [
    "29 days left",
    "2030-01-30T12:00:00Z",
    ["cp-1 | certificate /etc/kubernetes/pki/apiserver.crt | 30 days left or more | 29 days left (2030-01-30)"],
  ],
  [
    "expired",
    "2029-12-31T00:00:00Z",
    ["cp-1 | certificate /etc/kubernetes/pki/apiserver.crt | 30 days left or more | expired (2029-12-31)"],
  ],
])("a certificate with %s, by the node's own clock", async (_, notAfter, findings) => {
  const line = `certificate\t/etc/kubernetes/pki/apiserver.crt\t${await certificateUntil(notAfter)}`;
  expect(judged(changed("end", `${line}\nend`))).toEqual(findings);
});

async function certificateUntil(notAfter: string): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: "01",
      name: "CN=kube-apiserver",
      notBefore: new Date("2029-01-01T00:00:00Z"),
      notAfter: new Date(notAfter),
      keys,
      signingAlgorithm: algorithm,
    },
    webcrypto,
  );
  return Buffer.from(certificate.rawData).toString("base64");
}

test("facts that were cut off are refused", () => {
  expect(() => parseProbe(cleanProbe.replace("\nend", ""))).toThrow("the probe did not get to its end");
  expect(() => parseProbe("")).toThrow("the probe did not get to its end");
});
