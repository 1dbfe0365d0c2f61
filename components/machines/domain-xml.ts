import { createHash } from "node:crypto";
import { create } from "xmlbuilder2";

/** The metadata element that marks a domain as ours. No script touches a domain without it. */
export const GUEST_NAMESPACE = "urn:gitops-platform:guest:1";

/** What a guest's virtual hardware is like. */
export interface GuestHardware {
  /** A change restarts the guest. */
  readonly vcpus: number;
  /** A change restarts the guest. */
  readonly memoryMiB: number;
  /**
   * A processor that libvirt knows by name: `Skylake-Server`. A change restarts the guest.
   * @default the hypervisor's own, or all that emulation can do
   */
  readonly cpuModel?: string;
  /** How QEMU hands the disks' requests to the kernel. */
  readonly io: "native" | "io_uring";
  /** `full` writes every block beforehand; blocks that the guest discards then stay allocated. */
  readonly preallocation: "sparse" | "full";
}

/** A guest's definition in libvirt. */
export interface DomainSettings extends GuestHardware {
  /** Name of the node and of the domain. */
  readonly name: string;
  /** The ownership marker: `<project>/<stack>/<cluster>`. */
  readonly stackId: string;
  /** `kvm`: the hypervisor's processor, passed through. `qemu`: emulated in software. */
  readonly domainType: "kvm" | "qemu";
  /** A bridge of the hypervisor, or a network of libvirt. */
  readonly attachment: { readonly kind: "bridge" | "network"; readonly name: string };
  readonly mac: string;
  /** Absolute directory of the disks, which are named after the guest. */
  readonly storageDirectory: string;
  /** Whether there is a disk of its own for etcd. */
  readonly etcdDisk: boolean;
}

interface Disk {
  readonly file: string;
  readonly target: string;
  /** The guest finds the disk by it: `/dev/disk/by-id/virtio-<serial>`. */
  readonly serial: string;
  readonly readOnly?: boolean;
}

/**
 * The XML of a domain. Its metadata holds a digest of everything that a running guest keeps until it is started again:
 * the definition and the running guest are compared by it.
 */
export function renderDomain(settings: DomainSettings): string {
  return domain(settings, domainDigest(settings));
}

/** The digest in the metadata of a domain: what it changes with restarts a running guest. */
export function domainDigest(settings: DomainSettings): string {
  return createHash("sha256").update(domain(settings, "")).digest("hex");
}

function domain(settings: DomainSettings, digest: string): string {
  const { attachment, domainType, mac, memoryMiB, name, stackId, vcpus } = settings;
  const document = {
    domain: {
      "@type": domainType,
      name,
      uuid: domainUuid(stackId, name),
      metadata: {
        "guest:node": { "@xmlns:guest": GUEST_NAMESPACE, "@owner": stackId, "@name": name, "@digest": digest },
      },
      memory: { "@unit": "MiB", "#": memoryMiB },
      currentMemory: { "@unit": "MiB", "#": memoryMiB },
      vcpu: { "@placement": "static", "#": vcpus },
      os: { type: { "@arch": "x86_64", "@machine": "q35", "#": "hvm" }, boot: { "@dev": "hd" } },
      features: { acpi: {}, apic: {} },
      cpu: cpuOf(settings),
      clock: { "@offset": "utc" },
      on_poweroff: "destroy",
      on_reboot: "restart",
      on_crash: "restart",
      devices: {
        disk: disksOf(settings).map((disk) => diskXml(disk, settings)),
        interface: {
          "@type": attachment.kind,
          mac: { "@address": mac },
          source: { [`@${attachment.kind}`]: attachment.name },
          model: { "@type": "virtio" },
        },
        serial: {
          "@type": "pty",
          log: { "@file": consoleLog(name), "@append": "off" },
          target: { "@port": 0 },
        },
        console: { "@type": "pty", target: { "@type": "serial", "@port": 0 } },
        rng: { "@model": "virtio", backend: { "@model": "random", "#": "/dev/urandom" } },
        // A node's memory is promised to its pods: the hypervisor doesn't take it back.
        memballoon: { "@model": "none" },
      },
    },
  };
  return create(document).end({ prettyPrint: true, headless: true });
}

function cpuOf({ cpuModel, domainType }: DomainSettings): object {
  if (cpuModel !== undefined)
    return { "@mode": "custom", "@match": "exact", model: { "@fallback": "forbid", "#": cpuModel } };
  // Emulation knows no host processor; "maximum" is all that it can do.
  return domainType === "kvm" ? { "@mode": "host-passthrough", "@check": "none" } : { "@mode": "maximum" };
}

/** The seed is a virtio disk too: cloud images lack the driver of an emulated CD-ROM drive at the time they look. */
function disksOf({ etcdDisk, name, storageDirectory }: DomainSettings): Disk[] {
  const file = (suffix: string): string => `${storageDirectory}/${name}${suffix}`;
  return [
    { file: file(".raw"), target: "vda", serial: "root" },
    { file: file("-seed.img"), target: "vdb", serial: "seed", readOnly: true },
    ...(etcdDisk ? [{ file: file("-etcd.raw"), target: "vdc", serial: "etcd" }] : []),
  ];
}

function diskXml({ file, readOnly, serial, target }: Disk, { io, preallocation }: DomainSettings): object {
  const writable = { "@cache": "none", "@io": io, "@discard": preallocation === "full" ? "ignore" : "unmap" };
  return {
    "@type": "file",
    "@device": "disk",
    driver: { "@name": "qemu", "@type": "raw", ...(readOnly ? {} : writable) },
    source: { "@file": file },
    target: { "@dev": target, "@bus": "virtio" },
    ...(readOnly ? { readonly: {} } : {}),
    serial,
  };
}

/** libvirt's log daemon writes it, and keeps it short. */
function consoleLog(name: string): string {
  return `/var/log/libvirt/qemu/${name}-console.log`;
}

/** The same for the same guest, so that defining it again is a change and not a second one. RFC 9562, version 8. */
function domainUuid(stackId: string, name: string): string {
  const hash = createHash("sha256").update(`${GUEST_NAMESPACE}/${stackId}/${name}`).digest("hex");
  const variant = ((Number.parseInt(hash.slice(16, 17), 16) & 3) | 8).toString(16);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join("-");
}
