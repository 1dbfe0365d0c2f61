import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { renderScript } from "../../../components/remote/script";
import { ed25519KeyPair } from "../../../components/machines/ssh-key";
import { paths, root } from "../../../scripts/lib/paths";
import { must, on } from "../platform";

const MACHINE = join(root, "components/machines/local/machine.sh");

/** An ordered server: made outside of any stack, with a host key of its own. */
export interface Server {
  readonly name: string;
  readonly address: string;
  readonly hostKey: string;
  readonly settings: string;
}

/** Makes a server on the running platform's network, with Debian packages in /srv/packages. */
export async function orderServer(name: string, address: string, packages: string): Promise<Server> {
  const { privateKeyOpenSsh, publicKeyOpenSsh } = ed25519KeyPair(randomBytes(32), name);
  const hostKey = publicKeyOpenSsh.split(" ").slice(0, 2).join(" ");
  const settings = renderScript("", {
    MACHINE_NAME: name,
    ADDRESS: address,
    STATE_DIRECTORY: paths.machines,
    BRIDGE: "gitops0",
    NETWORK_CIDR: "10.78.0.0/24",
    HOST_ADDRESS: "10.78.0.1",
    BASE_IMAGE: join(paths.mirror, "machine", "base.img"),
    MEMORY_MIB: "4096",
    DISK_GIB: "20",
    BINDS: `ro:${packages}:/srv/packages`,
    HOST_PRIVATE_KEY: privateKeyOpenSsh,
    HOST_PUBLIC_KEY: hostKey,
    LOGIN_PUBLIC_KEY: readFileSync(join(paths.keys, "operator.pub"), "utf8").trim(),
  });
  await must("bash", [MACHINE, "apply"], { stdin: "pipe", input: settings });
  return { name, address, hostKey, settings };
}

/** Deletes the server. */
export async function returnServer({ settings }: Server): Promise<void> {
  await must("bash", [MACHINE, "destroy"], { stdin: "pipe", input: settings });
}

/** Runs a script on a server. @throws when it fails */
export async function onServer({ name }: Server, script: string): Promise<string> {
  const { exitCode, output } = await on(name, script);
  if (exitCode !== 0) throw new Error(`${name}: ${script} ended with ${exitCode}:\n${output}`);
  return output;
}

/**
 * The scripts that list a server's content by kind: everything that a stack could leave there and that doesn't change by
 * itself. Local volumes are left out, because their data stays.
 */
const INSPECTION: Readonly<Record<string, string>> = {
  packages: "dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\\n'",
  // The contents of files in /etc; of all other files the mode, owner and size.
  configuration:
    "find /etc -type f ! -name ld.so.cache ! -name .pwd.lock ! -name 'passwd-' ! -name 'group-' ! -name '*shadow-' ! -name 'sub?id-' -exec sha256sum {} +",
  files:
    "find / /var -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/cache " +
    "-o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /srv/packages -o -path /root \\) -prune -o ! -type d -printf '%p %M %u %s\\n' | grep -v -e ld.so.cache -e '/etc/[a-z]*- ' -e '__pycache__' -e 'containerd.*/meta[a-z]*\\.db' -e '^/var/lib/local-path-provisioner/'",
  // Without the directories that apt, kmod and containerd make for themselves.
  directories:
    "find / /var -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/tmp -o -path /var/cache -o -path /var/lib/apt " +
    "-o -path /var/lib/dpkg -o -path /srv/packages \\) -prune -o -type d -printf '%p %M %u\\n' | grep -v -e '__pycache__' -e '^/var/lib/containerd/io' -e '^/var/log/apt ' -e '^/usr/lib/modules ' -e '^/var/lib/local-path-provisioner[/ ]'",
  "unit files": "systemctl list-unit-files --no-legend --plain | awk '{ print $1, $2 }'",
  services:
    "systemctl list-units --type=service,socket,slice,timer --state=active,failed --no-legend --plain | awk '$1 !~ /^(user|session)/ { print $1, $3 }'",
  // containerd takes another free port for streams at every start.
  listeners: `ss -H -ltnup | grep -v '"containerd"' | awk '{ print $1, $5 }'`,
  programs: "ps -eo comm= | grep -v -e '^ps$' -e '^grep$' -e '^sort$' -e '^bash$' -e sshd -e systemd",
  mounts: "findmnt --raw --noheadings --output TARGET,FSTYPE | grep -v '^/run/user'",
  links: "ip -brief link | awk '{ print $1, $2 }'; ip route; ip rule; ip netns list",
  "packet filter":
    "{ iptables-save; ip6tables-save; } 2>/dev/null | grep -E '^(-A|:[^ ]+ (-|DROP))'; ipset list -name 2>/dev/null",
  "kernel settings":
    "sysctl net.ipv4.ip_forward net.ipv4.conf.all.route_localnet net.bridge.bridge-nf-call-iptables 2>/dev/null",
};

export type Inspected = Readonly<Record<string, readonly string[]>>;

export async function inspect(server: Server): Promise<Inspected> {
  const seen: Record<string, readonly string[]> = {};
  for (const [kind, script] of Object.entries(INSPECTION))
    seen[kind] = [...new Set((await onServer(server, `{ ${script}; } || true`)).split("\n").filter(Boolean))].sort();
  return seen;
}

/** The differences, as `+ kind: line` and `- kind: line`. */
export function differences(before: Inspected, after: Inspected): readonly string[] {
  return Object.keys(INSPECTION).flatMap((kind) => {
    const [old, now] = [before[kind] ?? [], after[kind] ?? []];
    return [
      ...now.filter((line) => !old.includes(line)).map((line) => `+ ${kind}: ${line}`),
      ...old.filter((line) => !now.includes(line)).map((line) => `- ${kind}: ${line}`),
    ];
  });
}
