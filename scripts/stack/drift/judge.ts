import { X509Certificate } from "node:crypto";
import type { ExpectedNode } from "./expected";
import type { Finding } from "./finding";
import type { ObservedNode } from "./observed";

/** A certificate with less time left is a finding: a month is enough to plan its renewal. */
const CERTIFICATE_DAYS = 30;

const DAY_MS = 24 * 60 * 60 * 1000;
const REPAIR = "npm run drift -- STACK --repair";
const KUBEADM = "restore it by hand, or replace the node";
const MANIFESTS = "/etc/kubernetes/manifests/";

/** Compares one node with what the steps wrote on it. */
export function judgeNode(expected: ExpectedNode, observed: ObservedNode): Finding[] {
  const found = [
    ...packages(expected, observed),
    ...files(expected, observed),
    ...units(expected, observed),
    ...kernel(expected, observed),
    ...judgeCertificates(observed),
    ...disk(expected, observed),
  ];
  return found.map((finding) => ({ where: expected.name, ...finding }));
}

type Found = Omit<Finding, "where">;

/** A newer package is the site's own update, which a note reports: machines get security updates without this program. */
function packages({ packages }: ExpectedNode, observed: ObservedNode): Found[] {
  return Object.entries(packages).flatMap(([name, version]) => {
    const found = observed.packages.get(name) ?? { version: "-", age: "older" };
    if (found.age !== "older") return [];
    const shown = found.version === "-" ? "not installed" : found.version;
    return [{ what: `package ${name}`, expected: version, found: shown, cure: `apt-get install ${name}=${version}` }];
  });
}

function files(expected: ExpectedNode, observed: ObservedNode): Found[] {
  // Another version of a package brings other programs; a finding of its own reports it.
  const samePackages = [...observed.packages.values()].every(({ age }) => age === "same");
  const sums = { ...expected.files, ...(samePackages ? expected.packageFiles : {}) };
  const changed = Object.entries(sums).flatMap(([path, sum]) => {
    const found = observed.files.get(path) ?? "-";
    if (found === sum) return [];
    return [
      {
        what: path,
        expected: short(sum),
        found: found === "-" ? "missing" : short(found),
        cure: cureOf(path, expected),
      },
    ];
  });
  const added = observed.manifests
    .filter((path) => !(path in expected.files))
    .map((path) => ({
      what: path,
      expected: "no such file",
      found: "a static pod that nobody here wrote",
      cure: "find out who put it there, and remove it",
    }));
  return [...changed, ...added];
}

/** A step that runs again doesn't rewrite what kubeadm wrote. */
function cureOf(path: string, { packageFiles }: ExpectedNode): string {
  if (path in packageFiles) return "apt-get install --reinstall the package that it belongs to";
  if (path.startsWith(MANIFESTS)) return `${KUBEADM} (docs/guides/drift.md)`;
  return path.startsWith("/etc/kubernetes/") || path.startsWith("/var/lib/kubelet/") ? KUBEADM : REPAIR;
}

function units({ units }: ExpectedNode, observed: ObservedNode): Found[] {
  return Object.entries(units).flatMap(([name, dropIns]) => {
    const unit = observed.units.get(name);
    const what = `service ${name}`;
    const state = `${unit?.active ?? "unknown"}, ${unit?.enabled || "no such unit"}`;
    return [
      ...(unit?.active === "active" && unit.enabled === "enabled"
        ? []
        : [{ what, expected: "active, enabled", found: state, cure: `systemctl enable --now ${name}` }]),
      ...((unit?.dropIns ?? "") === dropIns
        ? []
        : [
            {
              what: `${what}: drop-ins`,
              expected: dropIns || "none",
              found: unit?.dropIns || "none",
              cure: "remove them, systemctl daemon-reload, and restart it",
            },
          ]),
      ...(unit?.needsReload
        ? [
            {
              what: `${what}: unit file`,
              expected: "read by systemd",
              found: "changed since",
              cure: `systemctl daemon-reload, and restart it`,
            },
          ]
        : []),
      ...(observed.programs.get(name) === false
        ? [
            {
              what: `${what}: program`,
              expected: "the installed one",
              found: "one that was replaced since",
              cure: `systemctl restart ${name}, on one node at a time`,
            },
          ]
        : []),
    ];
  });
}

function kernel(expected: ExpectedNode, observed: ObservedNode): Found[] {
  const sysctls = Object.entries(expected.sysctls).flatMap(([key, value]) => {
    const found = observed.sysctls.get(key) ?? "-";
    return found === value ? [] : [{ what: `sysctl ${key}`, expected: value, found, cure: `sysctl --system there` }];
  });
  const modules = expected.modules
    .filter((name) => observed.modules.get(name) !== true)
    .map((name) => ({
      what: `module ${name}`,
      expected: "loaded",
      found: "not loaded",
      cure: `modprobe ${name} there`,
    }));
  const swap =
    expected.swap === false && observed.swap
      ? [{ what: "swap", expected: "off", found: "on", cure: "swapoff --all, and take it out of /etc/fstab" }]
      : [];
  return [...sysctls, ...modules, ...swap];
}

/** When a certificate ends, DER in base64. */
export function endOf(der: string): Date {
  return new Date(new X509Certificate(Buffer.from(der, "base64")).validTo);
}

export function judgeCertificates({
  certificates,
  clockMs,
}: Pick<ObservedNode, "certificates" | "clockMs">): Omit<Finding, "where">[] {
  return [...certificates].flatMap(([path, der]) => {
    const notAfter = endOf(der);
    const days = Math.floor((notAfter.getTime() - clockMs) / DAY_MS);
    if (days >= CERTIFICATE_DAYS) return [];
    const found = `${days < 0 ? "expired" : `${days} days left`} (${notAfter.toISOString().slice(0, 10)})`;
    return [
      {
        what: `certificate ${path}`,
        expected: `${CERTIFICATE_DAYS} days left or more`,
        found,
        cure: path.startsWith("/var/lib/kubelet")
          ? "look at journalctl -u kubelet: it renews this one itself"
          : path.endsWith("ca.crt")
            ? "it is a CA of the cluster: nothing here renews it"
            : "journalctl -u gitops-platform-certificates there; an update renews it (docs/guides/certificates.md)",
      },
    ];
  });
}

function disk({ disk }: ExpectedNode, { diskP99Ns }: ObservedNode): Found[] {
  if (disk === undefined || diskP99Ns === undefined) return [];
  // As the gate compares: in nanoseconds, and only what exceeds the limit.
  if (diskP99Ns !== null && diskP99Ns <= disk.limitMs * 1_000_000) return [];
  return [
    {
      what: `fdatasync p99 on ${disk.directory}`,
      expected: `${disk.limitMs} ms or less`,
      found: diskP99Ns === null ? "fio reported none" : `${milliseconds(diskP99Ns)} ms`,
      cure: "measure again on a quiet machine; then move the node to faster storage",
    },
  ];
}

/** What is no drift, and yet worth a line: newer packages, and measured disks. */
export function notesOn(
  { name, disk, packages }: ExpectedNode,
  { diskP99Ns, packages: found }: ObservedNode,
): string[] {
  const updates = [...found]
    .filter(([, { age }]) => age === "newer")
    .map(([of, { version }]) => `${name}: package ${of} was updated, ${packages[of] ?? "none"} to ${version}`);
  if (disk === undefined || diskP99Ns === undefined || diskP99Ns === null) return updates;
  return [
    ...updates,
    `${name}: fdatasync p99 ${milliseconds(diskP99Ns)} ms on ${disk.directory} (limit ${disk.limitMs} ms)`,
  ];
}

function milliseconds(nanoseconds: number): string {
  return String(Math.round(nanoseconds / 1000) / 1000);
}

function short(sum: string): string {
  return `sha256 ${sum.slice(0, 12)}`;
}
