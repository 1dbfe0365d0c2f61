import { join } from "node:path";
import type { DebianRoot } from "../units/debian-root";

const DEBIAN = join(__dirname, "..", "debian");
const ANONYMOUS = join(DEBIAN, "anonymous.sh");

/** Packages of a local machine: what it needs before Kubernetes, and the hub's servers. The stack installs Kubernetes. */
export const MACHINE: DebianRoot = {
  variant: "minbase",
  packages: [
    ...["systemd", "systemd-sysv", "dbus", "udev", "libnss-myhostname", "openssh-server", "sudo"],
    ...["containerd", "runc", "kmod", "iptables", "nftables", "ipset", "ebtables", "conntrack", "socat", "ethtool"],
    ...["iproute2", "iputils-ping", "netbase", "procps", "ca-certificates", "curl", "jq", "openssl", "xz-utils"],
    ...["fio", "git", "haproxy", "nginx-light", "age"],
  ],
  hook: join(DEBIAN, "machine.sh"),
  overlay: [join(DEBIAN, "machine", "files")],
};

/** Packages of a hypervisor on a local machine: what a Debian server needs to run guests, without graphics and sound. */
export const HYPERVISOR: DebianRoot = {
  variant: "minbase",
  packages: [
    ...["systemd", "systemd-sysv", "dbus", "udev", "libnss-myhostname", "openssh-server", "sudo"],
    ...["libvirt-daemon-system", "libvirt-clients", "qemu-system-x86", "qemu-utils", "seabios"],
    ...[
      "iproute2",
      "iputils-ping",
      "netbase",
      "procps",
      "ca-certificates",
      "curl",
      "jq",
      "genisoimage",
      "libxml2-utils",
    ],
  ],
  hook: join(DEBIAN, "hypervisor.sh"),
  furtherHooks: [ANONYMOUS],
  overlay: [join(DEBIAN, "machine", "files"), join(DEBIAN, "hypervisor", "files")],
};

/** Packages of a guest: those of Debian's cloud image, and those of a node, which a machine behind an air gap can't install. */
export const GUEST: DebianRoot = {
  variant: "minbase",
  packages: [
    ...["systemd", "systemd-sysv", "systemd-resolved", "dbus", "udev", "libnss-myhostname", "openssh-server", "sudo"],
    ...["linux-image-cloud-amd64", "initramfs-tools", "zstd", "grub-pc-bin", "grub-common"],
    ...["cloud-init", "cloud-guest-utils", "fdisk", "e2fsprogs", "netplan.io"],
    ...["containerd", "runc", "kmod", "iptables", "nftables", "ipset", "ebtables", "conntrack", "socat", "ethtool"],
    ...["iproute2", "iputils-ping", "netbase", "procps", "ca-certificates", "curl", "jq", "openssl", "xz-utils"],
    ...["fio", "haproxy", "age"],
  ],
  hook: join(DEBIAN, "guest.sh"),
  furtherHooks: [ANONYMOUS],
  overlay: [join(DEBIAN, "guest", "files")],
};

/** Essential packages that no container uses. Without a package manager none of them can be upgraded in place. */
const UNUSED = [
  ...["perl-base", "debconf", "dpkg", "tar", "gzip", "login", "passwd", "mawk", "diffutils", "hostname", "base-passwd"],
  ...["libpam-modules", "libpam-modules-bin", "libpam-runtime", "util-linux", "util-linux-extra", "bsdutils"],
  ...["ncurses-bin", "ncurses-base", "init-system-helpers", "sysvinit-utils", "debianutils", "openssl", "adduser"],
  // usrmerge, which makes a fresh root's directories, brings all of perl: half of the layer.
  ...["usrmerge", "libfile-find-rule-perl", "libnumber-compare-perl", "libtext-glob-perl"],
  ...["perl", "perl-modules-5.36", "libperl5.36", "libgdbm6", "libgdbm-compat4"],
];
const SHELL_TOOLS = ["bash", "sed", "grep", "findutils"];

/** @param hookArgs See packages/mirror/debian/container.sh: an optional user, then the packages to remove. */
function container(packages: readonly string[], hookArgs: readonly string[]): DebianRoot {
  return { variant: "essential", packages, hook: join(DEBIAN, "container.sh"), hookArgs };
}

/** The base of all Debian images: the C library, coreutils (`cp` for init containers), a shell and the CA certificates. */
export const CONTAINER_BASE = container(["ca-certificates"], [...UNUSED, ...SHELL_TOOLS]);

/** The tools of the packet filter that kube-proxy, flannel and kube-router run. */
export const CONTAINER_NETWORK = container(
  ["ca-certificates", "iptables", "ipset", "conntrack", "iproute2", "kmod"],
  [...UNUSED, ...SHELL_TOOLS],
);

/** Programs that Argo CD runs; git's own scripts (submodules) need the shell tools, but no perl. */
export const CONTAINER_ARGOCD = container(
  ["ca-certificates", "git", "git-lfs", "tini", "gpg", "gpg-agent", "openssh-client", "tzdata"],
  ["--user=argocd:999", ...UNUSED, "pinentry-curses", "git-man", "liberror-perl"],
);

export const CONTAINER_REDIS = container(["ca-certificates", "redis-server"], [...UNUSED, ...SHELL_TOOLS, "lsb-base"]);
