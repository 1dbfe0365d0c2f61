import { existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { overlap, parseNetwork } from "../../../components/addresses/ipv4";
import { installMissing } from "../../lib/apt";
import { paths, root } from "../../lib/paths";
import { readStackYaml } from "../../lib/stack-yaml";

const GIB = 1024 ** 3;

/** Debian packages that the local platform runs on this computer, by a file that each brings. */
const PACKAGES: Readonly<Record<string, string>> = {
  "systemd-container": "/usr/bin/systemd-nspawn",
  iproute2: "/sbin/ip",
  "openssh-client": "/usr/bin/ssh",
  git: "/usr/bin/git",
  // For .local/bin/argocd.
  curl: "/usr/bin/curl",
  "util-linux": "/usr/bin/flock",
  e2fsprogs: "/sbin/mke2fs",
};

/** Every reason why the local platform can't be started here, a sentence each. */
export async function preflight(): Promise<readonly string[]> {
  if (process.platform !== "linux")
    return [`this computer — runs ${process.platform}, need Linux; use a Debian machine`];
  if (process.geteuid?.() !== 0)
    return ["this user — is not root; machines need namespaces and loop devices: run with sudo"];
  const problems: string[] = [];
  if (process.arch !== "x64") problems.push(`this computer — is ${process.arch}, need x64; use an x86-64 machine`);
  if (!existsSync("/etc/debian_version"))
    problems.push("this computer — is not Debian; the machines' disk is built from its package sources: use Debian 12");
  if ((await execa("go", ["version"], { reject: false })).exitCode !== 0)
    problems.push("go — not found; install Go 1.26 or newer and put it on the PATH");
  problems.push(...spaceProblems(), ...memoryProblems(), ...(await networkProblems()));
  return problems;
}

function spaceProblems(): readonly string[] {
  // A full build leaves 9 GB of Go caches and 6 GB of mirror; three machines and a hub grow to about 8 GB.
  const built = existsSync(join(paths.mirror, "artifacts.json"));
  return [
    { directory: paths.cache, need: built ? 2 : 20, what: "the mirror and its builds" },
    { directory: paths.local, need: 10, what: "the machines' disks" },
  ].flatMap(({ directory, need, what }) => {
    const { bavail, bsize } = statfsSync(existing(directory));
    const free = (bavail * bsize) / GIB;
    if (free >= need) return [];
    return [`${directory} — ${free.toFixed(1)} GiB free, need ${need} GiB for ${what}; free some space`];
  });
}

/** The nearest folder that is there already. */
function existing(directory: string): string {
  return existsSync(directory) ? directory : existing(dirname(directory));
}

function memoryProblems(): readonly string[] {
  const available = Number(/MemAvailable:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? 0) / 1024 ** 2;
  return available >= 4 ? [] : [`memory — ${available.toFixed(1)} GiB available, need 4 GiB; stop other programs`];
}

interface Link {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number; readonly family?: string }[];
}

async function networkProblems(): Promise<readonly string[]> {
  const config = readStackYaml(join(root, "Pulumi.local.yaml")).config as
    Record<string, { cidr?: string; bridge?: string } | undefined> | undefined;
  const network = parseNetwork(config?.["gitops-platform:network"]?.cidr ?? "10.78.0.0/24");
  // What is wrong with the stack file is reported by the program, all at once.
  if (!network) return [];
  const bridge = config?.["gitops-platform:localMachines"]?.bridge ?? "gitops0";
  if (!existsSync("/sbin/ip")) return [];
  const { stdout } = await execa("ip", ["-json", "-4", "address"]);
  const links = JSON.parse(stdout) as readonly Link[];
  return links
    .filter((link) => link.ifname !== bridge)
    .flatMap((link) =>
      (link.addr_info ?? [])
        .map(({ local = "", prefixlen = 32 }) => `${local}/${prefixlen}`)
        .filter((address) => {
          const other = parseNetwork(address);
          return other !== undefined && overlap(network, other);
        })
        .map(
          (address) =>
            `network.cidr — ${network.cidr} overlaps ${address} on ${link.ifname}; ` +
            "choose a free range in Pulumi.local.yaml (network, nodes, hub, artifacts, gitops)",
        ),
    );
}

/** Installs the Debian packages that are missing. @returns their names */
export function installPackages(report: (line: string) => void): Promise<readonly string[]> {
  return installMissing(PACKAGES, report);
}
