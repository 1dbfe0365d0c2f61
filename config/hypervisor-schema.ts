import { isIPv6 } from "node:net";
import { z } from "zod";
import * as field from "./fields";

export const memoryMiB = field.number(
  { need: "a whole number of MiB from 512", example: "2048" },
  { min: 512, max: 1_048_576, whole: true },
);
export const diskGiB = field.number(
  { need: "a whole number of GiB from 4", example: "20" },
  { min: 4, max: 65_536, whole: true },
);
export const port = field.number(
  { need: "a port from 1 to 65535", example: "22" },
  { min: 1, max: 65_535, whole: true },
);
export const hostKey = field.text({ need: "a public host key", example: "ssh-ed25519 AAAA…" }, (value) => value !== "");

const host = (example: string): z.ZodString =>
  field.text({ need: "an IPv4 address or a DNS name", example }, (value) =>
    /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(value),
  );
const path = (example: string): z.ZodString =>
  field.text(
    { need: "an absolute path of letters, digits, dots, hyphens and underscores", example },
    (value) => /^(\/[\w.-]+)+$/.test(value) && !value.split("/").includes(".."),
  );
const deviceName = (example: string): z.ZodString =>
  field.text({ need: "a name of letters, digits, dots, hyphens and underscores", example }, (value) =>
    /^[\w][\w.-]{0,62}$/.test(value),
  );

const attachment = z.discriminatedUnion(
  "kind",
  [
    /** A bridge of the hypervisor: guests are on the network that the bridge is on. */
    field.section({ kind: z.literal("bridge"), name: deviceName("br0") }),
    /** A network of libvirt, which must be routed so that nodes and operator reach the guests. */
    field.section({ kind: z.literal("network"), name: deviceName("nodes") }),
  ],
  { error: field.alternatives("kind", ["bridge", "network"]) },
);

const storage = z.discriminatedUnion(
  "kind",
  [
    /** Made if it is missing. */
    field.section({ kind: z.literal("directory"), path: path("/var/lib/libvirt/gitops-platform") }),
    /** A storage pool of libvirt that keeps its volumes as files. */
    field.section({ kind: z.literal("pool"), name: deviceName("nvme") }),
  ],
  { error: field.alternatives("kind", ["directory", "pool"]) },
);

/** A server with libvirt that makes guests for nodes of the kind libvirt. */
export const hypervisor = field.section({
  /** Nodes name it; so do messages. */
  name: field.dnsLabel("hv-1"),
  address: host("192.0.2.1"),
  port: port.default(22),
  /** Anything but root needs password-less sudo. */
  user: field.loginName().default("root"),
  hostKey,
  /** The server through which the hypervisor and its guests are reached, with the same login key. */
  bastion: field
    .section({
      address: host("bastion.example.org"),
      port: port.default(22),
      user: field.loginName().default("root"),
      hostKey,
    })
    .optional(),
  attachment,
  storage,
  /** `auto` takes KVM where a trial shows that it works. */
  domainType: field.choice(["auto", "kvm", "qemu"]).default("auto"),
  /** Emulation is some thirty times slower than KVM, and mostly means that something is not set up. */
  allowEmulation: field.flag("true").default(false),
  /** Whether two control planes of the cluster may be lost with this one hypervisor. */
  allowSharedHypervisor: field.flag("true").default(false),
  /** How many disks may be copied from the image at a time. */
  parallelCopies: field
    .number({ need: "a whole number from 1 to 16", example: "2" }, { min: 1, max: 16, whole: true })
    .default(2),
});

const hex = (digits: number, example: string): z.ZodString =>
  field.text({ need: `${digits} lower-case hex digits`, example }, (value) =>
    new RegExp(`^[0-9a-f]{${digits}}$`).test(value),
  );

/** What guests start from: exactly one location and one checksum. */
export const guestImage = field.section({
  /** Downloaded once by each hypervisor. */
  url: field
    .url(["http", "https"], "https://cloud.debian.org/images/cloud/…/debian-12-genericcloud-amd64.qcow2")
    .optional(),
  /** On every hypervisor, which then downloads nothing. */
  path: path("/srv/images/debian-12.qcow2").optional(),
  sha512: hex(128, "what sha512sum prints").optional(),
  sha256: hex(64, "what sha256sum prints").optional(),
  format: field.choice(["raw", "qcow2"]),
});

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** What a node of the kind libvirt has beside its name, role and address. */
export const guestShape = {
  /** Name of the hypervisor it runs on. */
  hypervisor: field.dnsLabel("hv-1"),
  /** A change restarts the guest. */
  vcpus: field.number({ need: "a whole number from 1 to 256", example: "2" }, { min: 1, max: 256, whole: true }),
  /** A change restarts the guest. */
  memoryMiB,
  /** What `virsh cpu-models x86_64` lists, for guests that move between unlike hypervisors. @default the hypervisor's own */
  cpuModel: deviceName("Skylake-Server").optional(),
  /** It can grow; a smaller one is refused. */
  diskGiB,
  /** `full` writes every block beforehand, so that none is first allocated while etcd waits for it. */
  preallocation: field.choice(["sparse", "full"]).default("sparse"),
  io: field.choice(["native", "io_uring"]).default("native"),
  /** A disk of its own for etcd's data. @default none */
  etcdDiskGiB: diskGiB.optional(),
  /** @default derived from the names of cluster and node */
  mac: field
    .text({ need: "a MAC address of one device, in lower case", example: "52:54:00:12:34:56" }, (value) => {
      // The lowest bit of the first byte marks an address of many.
      return MAC.test(value) && Number.parseInt(value.slice(0, 2), 16) % 2 === 0;
    })
    .optional(),
  ipv6: field
    .text({ need: "an IPv6 address with its prefix", example: "2001:db8::11/64" }, (value) => {
      const [address = "", prefix = "", rest] = value.split("/");
      return isIPv6(address) && /^\d{1,3}$/.test(prefix) && Number(prefix) <= 128 && rest === undefined;
    })
    .optional(),
  gateway6: field.text({ need: "an IPv6 address", example: "2001:db8::1" }, (value) => isIPv6(value)).optional(),
  /** Whether it starts with its hypervisor. */
  autostart: field.flag("false").default(true),
};
