import { z } from "zod";
import { parseAddress } from "../components/addresses/ipv4";
import { digitsOf, parseInterface6 } from "../components/addresses/ipv6";
import * as field from "./fields";

export const memoryMiB = field.number(
  { need: "a whole number of MiB from 512", example: "2048" },
  { min: 512, max: 1_048_576, whole: true },
);
export const diskGiB = field.number(
  { need: "a whole number of GiB from 4", example: "20" },
  { min: 4, max: 65_536, whole: true },
);
export const port = field
  .number({ need: "a port from 1 to 65535", example: "22" }, { min: 1, max: 65_535, whole: true })
  .describe("Port of its SSH server.");

/** Of a server that Pulumi connects to. */
export const hostKey = field
  .hostKey("connection")
  .describe("Its public host key, from /etc/ssh/ssh_host_ed25519_key.pub; ssh-rsa keys are refused.");

const user = field.loginName().describe("Login name. Anything but root needs password-less sudo.");

const host = (example: string): z.ZodString =>
  field.text({ need: "an IPv4 address or a DNS name", example }, (value) => {
    // What ends in a number is read as an address: 010.0.0.1 and 10.1 mean different ones to different programs.
    const name = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(value) && !/(^|\.)\d+$/.test(value);
    return name || parseAddress(value) !== undefined;
  });
const path = (example: string): z.ZodString =>
  field.text(
    { need: "an absolute path of letters, digits, dots, hyphens and underscores", example },
    (value) => /^(\/[\w.-]+)+$/.test(value) && !value.split("/").includes(".."),
  );
const deviceName = (example: string): z.ZodString =>
  field.text({ need: "a name of letters, digits, dots, hyphens and underscores", example }, /^[\w][\w.-]{0,62}$/);

const attachment = z
  .discriminatedUnion(
    "kind",
    [
      field
        .section({ kind: z.literal("bridge"), name: deviceName("br0") })
        .describe("A bridge of the hypervisor: guests are on the network that the bridge is on."),
      field
        .section({ kind: z.literal("network"), name: deviceName("nodes") })
        .describe("A network of libvirt. It must be routed, so that nodes and operator reach the guests."),
    ],
    { error: field.alternatives("kind", ["bridge", "network"]) },
  )
  .describe("The network that guests are connected to.");

const storage = z
  .discriminatedUnion(
    "kind",
    [
      field
        .section({ kind: z.literal("directory"), path: path("/var/lib/libvirt/gitops-platform") })
        .describe("A directory, made if it is missing."),
      field
        .section({ kind: z.literal("pool"), name: deviceName("nvme") })
        .describe("A storage pool of libvirt that keeps its volumes as files."),
    ],
    { error: field.alternatives("kind", ["directory", "pool"]) },
  )
  .describe("Where the guests' disks are.");

const bastion = field
  .section({ address: host("bastion.example.org"), port: port.default(22), user: user.default("root"), hostKey })
  .describe("The server through which the hypervisor and its guests are reached, with the same login key.");

/** A server with libvirt that makes guests for nodes of the kind libvirt. */
export const hypervisor = field
  .section({
    name: field.dnsLabel("hv-1").describe("Nodes and messages refer to it by this name."),
    address: host("192.0.2.1").describe("How this computer reaches it."),
    port: port.default(22),
    user: user.default("root"),
    hostKey,
    bastion: bastion.optional(),
    attachment,
    storage,
    domainType: field
      .choice(["auto", "kvm", "qemu"])
      .default("auto")
      .describe("How guests run. auto takes KVM where a trial shows that it works."),
    allowEmulation: field
      .flag("true")
      .default(false)
      .describe("Whether guests may be emulated in software, some thirty times slower than KVM."),
    allowSharedHypervisor: field
      .flag("true")
      .default(false)
      .describe("Whether two control planes of the cluster may be lost with this one hypervisor."),
    parallelCopies: field
      .number({ need: "a whole number from 1 to 16", example: "2" }, { min: 1, max: 16, whole: true })
      .default(2)
      .describe("How many disks are copied from the image at a time."),
  })
  .describe("A server with KVM and libvirt.");

const hex = (digits: number, example: string): z.ZodString =>
  field.text({ need: `${digits} lower-case hex digits`, example }, new RegExp(`^[0-9a-f]{${digits}}$`));

/** The image of new guests: exactly one location and one checksum, which `checkHypervisors` enforces. */
export const guestImage = field
  .section({
    url: field
      .url(["http", "https"], "https://cloud.debian.org/images/cloud/…/debian-12-genericcloud-amd64.qcow2")
      .optional()
      .describe("Each hypervisor downloads it once. Either url or path."),
    path: path("/srv/images/debian-12.qcow2")
      .optional()
      .describe("A file on every hypervisor, which then downloads nothing. Either url or path."),
    sha512: hex(128, "what sha512sum prints").optional().describe("Its checksum. Either sha512 or sha256."),
    sha256: hex(64, "what sha256sum prints").optional().describe("Its checksum. Either sha512 or sha256."),
    format: field.choice(["raw", "qcow2"]).describe("The image's file format."),
  })
  .transform(({ format, path, sha256 = "", sha512, url }) => ({
    /** An http(s) URL, or an absolute path on every hypervisor. */
    location: url ?? path ?? "",
    checksum:
      sha512 === undefined
        ? ({ algorithm: "sha256", hex: sha256 } as const)
        : ({ algorithm: "sha512", hex: sha512 } as const),
    format,
  }));

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** What a node of the kind libvirt has beside its name, role and address. */
export const guestShape = {
  hypervisor: field.dnsLabel("hv-1").describe("Name of the hypervisor it runs on."),
  vcpus: field
    .number({ need: "a whole number from 1 to 256", example: "2" }, { min: 1, max: 256, whole: true })
    .describe("Virtual processors. A change restarts the guest, in its node's turn."),
  memoryMiB: memoryMiB.describe("Memory in MiB. A change restarts the guest, in its node's turn."),
  cpuModel: deviceName("Skylake-Server")
    .optional()
    .describe(
      "A processor that virsh cpu-models x86_64 lists; unset: the hypervisor's own. A change restarts the guest.",
    ),
  diskGiB: diskGiB.describe("Size of its disk in GiB. It can grow; a smaller one is refused."),
  preallocation: field
    .choice(["sparse", "full"])
    .default("sparse")
    .describe("full writes every block beforehand, so that none is first allocated while etcd waits for it."),
  io: field
    .choice(["native", "io_uring"])
    .default("native")
    .describe("How QEMU hands the disks' requests to the kernel."),
  etcdDiskGiB: diskGiB.optional().describe("Size in GiB of a disk of its own for etcd's data; unset: none."),
  mac: field
    .text({ need: "a MAC address of one device, in lower case", example: "52:54:00:12:34:56" }, (value) => {
      // The lowest bit of the first byte marks an address of many.
      return MAC.test(value) && Number.parseInt(value.slice(0, 2), 16) % 2 === 0;
    })
    .optional()
    .describe("MAC address; unset: derived from the names of cluster and node."),
  ipv6: field
    .text({ need: "an IPv6 address with its prefix", example: "2001:db8::11/64" }, (value) => {
      return parseInterface6(value) !== undefined;
    })
    .optional()
    .describe("IPv6 address of the guest; unset: none."),
  gateway6: field
    .text({ need: "an IPv6 address", example: "2001:db8::1" }, (value) => digitsOf(value) !== undefined)
    .optional()
    .describe("IPv6 gateway; unset: none."),
  autostart: field.flag("false").default(true).describe("Whether it starts with its hypervisor."),
};
