/**
 * The rules about hypervisors, their guests and the image, by the exact sentence an operator reads.
 * Doesn't prove anything about a hypervisor: test/scripts/hypervisor does.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { parseStack } from "../../../config/parse";
import { type SealingPair, makeLoginKey } from "../../fixtures/keys";
import { around, goodConfig, host, sealingPair } from "./good-config";

type Fields = Record<string, unknown>;

let sealing: SealingPair;
beforeAll(async () => {
  sealing = await sealingPair();
});

const SUM = "0".repeat(128);

function guest(name: string, role: string, address: string, hypervisor: string): Fields {
  return { name, kind: "libvirt", role, address, hypervisor, vcpus: 2, memoryMiB: 4096, diskGiB: 20 };
}

function hypervisor(name: string, address: string): Fields {
  const attachment = { kind: "bridge", name: "br0" };
  return { name, address, hostKey: host.publicKey, attachment, storage: { kind: "directory", path: "/srv/guests" } };
}

interface Raw {
  hypervisors: Fields[];
  nodes: Fields[];
  guestImage?: Fields;
  network: Fields;
}

/** Three control planes on three hypervisors, and a worker. */
function guests(): Raw {
  return {
    ...goodConfig(sealing),
    network: { cidr: "192.0.2.0/24", gateway: "192.0.2.1", resolvers: ["192.0.2.1"] },
    hypervisors: [1, 2, 3].map((number) => hypervisor(`hv-${number}`, `192.0.2.${number + 1}`)),
    guestImage: { url: "https://images.example.org/debian-12.qcow2", sha512: SUM, format: "qcow2" },
    nodes: [
      ...[1, 2, 3].map((number) => guest(`cp-${number}`, "control-plane", `192.0.2.1${number}`, `hv-${number}`)),
      guest("worker-1", "worker", "192.0.2.21", "hv-1"),
    ],
  };
}

function sentences(spoil: (raw: Raw) => void): string[] {
  const raw = guests();
  spoil(raw);
  return parseStack(raw, around()).problems.map(({ sentence }) => sentence);
}

const merge = (target: Fields | undefined, change: Fields): void => void Object.assign(target ?? {}, change);

describe("a good configuration of guests", () => {
  it("gets its defaults, and one location and one checksum of the image", () => {
    const { config, problems } = parseStack(guests(), around());
    expect(problems).toEqual([]);
    expect(config?.guestImage).toEqual({
      location: "https://images.example.org/debian-12.qcow2",
      checksum: { algorithm: "sha512", hex: SUM },
      format: "qcow2",
    });
    expect(config?.hypervisors[0]).toMatchObject({
      port: 22,
      user: "root",
      domainType: "auto",
      allowEmulation: false,
      parallelCopies: 2,
    });
    expect(config?.nodes[0]).toMatchObject({ preallocation: "sparse", io: "native", autostart: true });
  });

  it("loses comments of host keys, of bastions too", () => {
    const raw = guests();
    const bastion = { address: "bastion.example.org", hostKey: `${host.publicKey} root@bastion` };
    merge(raw.hypervisors[0], { hostKey: `${host.publicKey} root@hv-1`, bastion });
    expect(parseStack(raw, around()).config?.hypervisors[0]).toMatchObject({
      hostKey: host.publicKey,
      bastion: { hostKey: host.publicKey, port: 22, user: "root" },
    });
  });

  it("may mix guests with servers and with local machines", () => {
    expect(
      sentences((raw) => {
        const other = { kind: "adopted", role: "worker", address: "192.0.2.22", hostKey: makeLoginKey().publicKey };
        raw.nodes.push({ name: "worker-2", ...other });
      }),
    ).toEqual([]);
    expect(
      sentences((raw) => {
        raw.nodes.push({ name: "worker-2", kind: "local", role: "worker", address: "192.0.2.22" });
        const artifacts = {
          source: "mirror",
          files: "http://192.0.2.10",
          registry: "http://192.0.2.10:5000",
          list: "airgap/upstream.json",
        };
        const localMachines = { bridge: "gitops0", hostAddress: "192.0.2.9" };
        merge(raw as unknown as Fields, { hub: { address: "192.0.2.10" }, localMachines, artifacts });
      }),
    ).toEqual([]);
  });

  it.each<[string, (raw: Raw) => void]>([
    [
      "a path instead of a URL",
      (raw) => merge(raw as unknown as Fields, { guestImage: { path: "/srv/i.raw", sha512: SUM, format: "raw" } }),
    ],
    ["a SHA-256", (raw) => merge(raw.guestImage, { sha512: undefined, sha256: "0".repeat(64) })],
    ["a pool", (raw) => merge(raw.hypervisors[0], { storage: { kind: "pool", name: "nvme" } })],
    ["a network of libvirt", (raw) => merge(raw.hypervisors[0], { attachment: { kind: "network", name: "nodes" } })],
    ["emulation by name", (raw) => merge(raw.hypervisors[0], { domainType: "qemu", allowEmulation: true })],
    ["IPv6", (raw) => merge(raw.nodes[0], { ipv6: "2001:db8::11/64", gateway6: "2001:db8::1" })],
    ["a disk for etcd", (raw) => merge(raw.nodes[0], { etcdDiskGiB: 10, preallocation: "full", io: "io_uring" })],
    [
      "two control planes on one hypervisor that says so",
      (raw) => {
        merge(raw.hypervisors[0], { allowSharedHypervisor: true });
        merge(raw.nodes[1], { hypervisor: "hv-1" });
      },
    ],
  ])("may have %s", (_what, change) => {
    expect(sentences(change)).toEqual([]);
  });
});

describe("a wrong configuration of guests", () => {
  it.each<[string, (raw: Raw) => void, string]>([
    [
      "unknown hypervisor",
      (raw) => merge(raw.nodes[3], { hypervisor: "hw-1" }),
      "nodes[3].hypervisor hw-1 is not known (hypervisors names hv-1, hv-2, hv-3); did you mean hv-1?",
    ],
    [
      "two control planes on one hypervisor",
      (raw) => merge(raw.nodes[2], { hypervisor: "hv-1" }),
      "nodes[2].hypervisor hv-1 already has the control plane nodes[0], and both would be lost with it; choose another, or set hypervisors[0].allowSharedHypervisor: true",
    ],
    [
      "emulation that nobody allowed",
      (raw) => merge(raw.hypervisors[1], { domainType: "qemu" }),
      "hypervisors[1].domainType is qemu, which emulates the guests' processors in software, and that is not allowed; write kvm or auto, or set hypervisors[1].allowEmulation: true",
    ],
    [
      "name of two hypervisors",
      (raw) => raw.hypervisors.push(hypervisor("hv-1", "192.0.2.9")),
      "hypervisors[3].name hv-1 is already used by hypervisors[0]; give each hypervisor its own name",
    ],
    [
      "same IPv6 address",
      (raw) => raw.nodes.slice(0, 2).forEach((node, index) => merge(node, { ipv6: `2001:db8::11/${64 + index}` })),
      "nodes[1].ipv6 2001:db8::11/65 is already used by nodes[0]; give each guest its own, or leave it out",
    ],
    [
      "guest whose disk is another one's disk for etcd",
      (raw) => {
        merge(raw.nodes[0], { etcdDiskGiB: 10 });
        merge(raw.nodes[3], { name: "cp-1-etcd" });
      },
      "nodes[3].name cp-1-etcd would have the same file as the disk for etcd of cp-1; choose another name",
    ],
    [
      "same MAC address",
      (raw) => raw.nodes.slice(0, 2).forEach((node) => merge(node, { mac: "52:54:00:00:00:01" })),
      "nodes[1].mac 52:54:00:00:00:01 is already used by nodes[0]; give each guest its own, or leave it out",
    ],
    [
      "MAC address of many",
      (raw) => merge(raw.nodes[0], { mac: "01:54:00:00:00:01" }),
      'nodes[0].mac is wrong (got "01:54:00:00:00:01", need a MAC address of one device, in lower case); write for example 52:54:00:12:34:56',
    ],
    [
      "IPv6 gateway without an address",
      (raw) => merge(raw.nodes[0], { gateway6: "2001:db8::1" }),
      "nodes[0].gateway6 is only used with an IPv6 address; add nodes[0].ipv6, or remove it",
    ],
    [
      "IPv6 address without a prefix",
      (raw) => merge(raw.nodes[0], { ipv6: "2001:db8::11" }),
      'nodes[0].ipv6 is wrong (got "2001:db8::11", need an IPv6 address with its prefix); write for example 2001:db8::11/64',
    ],
    [
      "gateway elsewhere",
      (raw) => merge(raw.network, { gateway: "198.51.100.1" }),
      "network.gateway 198.51.100.1 is outside network.cidr 192.0.2.0/24; choose the router's address in it",
    ],
    [
      "no image",
      (raw) => Reflect.deleteProperty(raw, "guestImage"),
      "guestImage is missing (libvirt nodes start from it); add for example guestImage: { url: https://…/debian-12-genericcloud-amd64.qcow2, sha512: …, format: qcow2 }",
    ],
    [
      "two locations of the image",
      (raw) => merge(raw.guestImage, { path: "/srv/debian.qcow2" }),
      "guestImage has both url and path (need one: where the image is); remove one of them",
    ],
    [
      "no checksum of the image",
      (raw) => merge(raw.guestImage, { sha512: undefined }),
      "guestImage has neither sha512 nor sha256 (what it must be); add one of them",
    ],
    [
      "checksum that is cut off",
      (raw) => merge(raw.guestImage, { sha512: "abc" }),
      'guestImage.sha512 is wrong (got "abc", need 128 lower-case hex digits); write for example what sha512sum prints',
    ],
    [
      "attachment of an unknown kind",
      (raw) => merge(raw.hypervisors[0], { attachment: { bridge: "br0" } }),
      "hypervisors[0].attachment.kind is missing (need bridge or network); add it, for example bridge",
    ],
    [
      "storage path that could be anything",
      (raw) => merge(raw.hypervisors[0], { storage: { kind: "directory", path: "/srv/../etc" } }),
      'hypervisors[0].storage.path is wrong (got "/srv/../etc", need an absolute path of letters, digits, dots, hyphens and underscores); write for example /var/lib/libvirt/gitops-platform',
    ],
    [
      "host key of a hypervisor",
      (raw) => merge(raw.hypervisors[0], { hostKey: "ssh-ed25519 AAAA" }),
      "hypervisors[0].hostKey is damaged, cut off, or not of the type ssh-ed25519 (need a public host key in authorized_keys form); copy it whole, in the form ssh-ed25519 AAAA…, from /etc/ssh/ssh_host_ed25519_key.pub of the server",
    ],
    [
      "disk that is too small to be one",
      (raw) => merge(raw.nodes[0], { diskGiB: 1 }),
      "nodes[0].diskGiB is wrong (got 1, need a whole number of GiB from 4); write for example 20",
    ],
  ])("names a %s", (_what, spoil, sentence) => {
    expect(sentences(spoil)).toEqual([sentence]);
  });

  it("has nothing for guests where there are none", () => {
    const keys = { hypervisors: [hypervisor("hv-1", "192.0.2.2")], guestImage: guests().guestImage };
    const raw = { ...goodConfig(sealing), ...keys };
    expect(parseStack(raw, around()).problems.map(({ sentence }) => sentence)).toEqual([
      "hypervisors is only for nodes of the kind libvirt, and there are none; remove it",
      "guestImage is only for nodes of the kind libvirt, and there are none; remove it",
    ]);
  });

  it("is reported with all that is wrong at once", () => {
    const found = sentences((raw) => {
      merge(raw.nodes[0], { vcpus: 0, hypervisor: "hv-2" });
      merge(raw.hypervisors[2], { domainType: "qemu" });
      merge(raw.guestImage, { url: undefined });
    });
    expect(found).toHaveLength(4);
  });
});
