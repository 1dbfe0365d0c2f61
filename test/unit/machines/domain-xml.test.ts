/**
 * The XML of a guest, exactly, with KVM and under emulation, and by libvirt's own schemas where its tools are installed.
 * Doesn't prove that a hypervisor has what the XML asks for.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type DomainSettings, GUEST_NAMESPACE, renderDomain } from "../../../components/machines/domain-xml";

const settings: DomainSettings = {
  name: "cp-1",
  stackId: "gitops-platform/production/production",
  domainType: "kvm",
  vcpus: 4,
  memoryMiB: 8192,
  attachment: { kind: "bridge", name: "br0" },
  mac: "52:54:00:12:34:56",
  io: "native",
  preallocation: "sparse",
  storageDirectory: "/srv/nvme/guests",
  etcdDisk: true,
};

const digestOf = (xml: string): string => /digest="([0-9a-f]{64})"/.exec(xml)?.[1] ?? "";

const GOLDEN = `<domain type="kvm">
  <name>cp-1</name>
  <uuid>UUID</uuid>
  <metadata>
    <guest:node xmlns:guest="urn:gitops-platform:guest:1" owner="gitops-platform/production/production" name="cp-1" digest="DIGEST"/>
  </metadata>
  <memory unit="MiB">8192</memory>
  <currentMemory unit="MiB">8192</currentMemory>
  <vcpu placement="static">4</vcpu>
  <os>
    <type arch="x86_64" machine="q35">hvm</type>
    <boot dev="hd"/>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode="host-passthrough" check="none"/>
  <clock offset="utc"/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    <disk type="file" device="disk">
      <driver name="qemu" type="raw" cache="none" io="native" discard="unmap"/>
      <source file="/srv/nvme/guests/cp-1.raw"/>
      <target dev="vda" bus="virtio"/>
      <serial>root</serial>
    </disk>
    <disk type="file" device="disk">
      <driver name="qemu" type="raw"/>
      <source file="/srv/nvme/guests/cp-1-seed.img"/>
      <target dev="vdb" bus="virtio"/>
      <readonly/>
      <serial>seed</serial>
    </disk>
    <disk type="file" device="disk">
      <driver name="qemu" type="raw" cache="none" io="native" discard="unmap"/>
      <source file="/srv/nvme/guests/cp-1-etcd.raw"/>
      <target dev="vdc" bus="virtio"/>
      <serial>etcd</serial>
    </disk>
    <interface type="bridge">
      <mac address="52:54:00:12:34:56"/>
      <source bridge="br0"/>
      <model type="virtio"/>
    </interface>
    <serial type="pty">
      <log file="/var/log/libvirt/qemu/cp-1-console.log" append="off"/>
      <target port="0"/>
    </serial>
    <console type="pty">
      <target type="serial" port="0"/>
    </console>
    <rng model="virtio">
      <backend model="random">/dev/urandom</backend>
    </rng>
    <memballoon model="none"/>
  </devices>
</domain>`;

/** What differs from a guest to the next in ways that say nothing. */
const masked = (xml: string): string =>
  xml.replace(/<uuid>[0-9a-f-]{36}<\/uuid>/, "<uuid>UUID</uuid>").replace(/digest="\w{64}"/, 'digest="DIGEST"');

describe("renderDomain", () => {
  it("with KVM passes the processor through, and has every disk raw, uncached and with discard", () => {
    expect(masked(renderDomain(settings))).toBe(GOLDEN);
  });

  it("under emulation differs in the type and the processor, and in nothing else", () => {
    const emulated = GOLDEN.replace('type="kvm"', 'type="qemu"').replace(
      '<cpu mode="host-passthrough" check="none"/>',
      '<cpu mode="maximum"/>',
    );
    expect(masked(renderDomain({ ...settings, domainType: "qemu" }))).toBe(emulated);
  });

  it("has the processor that was asked for, and no other", () => {
    const named = GOLDEN.replace(
      '<cpu mode="host-passthrough" check="none"/>',
      '<cpu mode="custom" match="exact">\n    <model fallback="forbid">Skylake-Server</model>\n  </cpu>',
    );
    expect(masked(renderDomain({ ...settings, cpuModel: "Skylake-Server" }))).toBe(named);
  });

  it("leaves the blocks of a disk that was written beforehand where they are", () => {
    const full = GOLDEN.replaceAll('discard="unmap"', 'discard="ignore"');
    expect(masked(renderDomain({ ...settings, preallocation: "full" }))).toBe(full);
  });

  it("attaches to a network of libvirt instead of a bridge", () => {
    const xml = renderDomain({ ...settings, attachment: { kind: "network", name: "nodes" } });
    expect(xml).toContain('<interface type="network">');
    expect(xml).toContain('<source network="nodes"/>');
    expect(xml).not.toContain("bridge");
  });

  it("has no disk for etcd unless there is to be one", () => {
    expect(renderDomain({ ...settings, etcdDisk: false })).not.toContain("vdc");
  });

  it("is the same text for the same guest, under the same uuid, whatever its size", () => {
    const uuid = (xml: string): string => /<uuid>(.*)<\/uuid>/.exec(xml)?.[1] ?? "";
    const larger = renderDomain({ ...settings, memoryMiB: 16_384 });
    expect(renderDomain(settings)).toBe(renderDomain({ ...settings }));
    expect(uuid(larger)).toBe(uuid(renderDomain(settings)));
    expect(uuid(larger)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuid(renderDomain({ ...settings, stackId: "another" }))).not.toBe(uuid(larger));
  });

  it.each<[string, Partial<DomainSettings>]>([
    ["memory", { memoryMiB: 4096 }],
    ["processors", { vcpus: 2 }],
    ["io", { io: "io_uring" }],
    ["the domain type", { domainType: "qemu" }],
    ["the processor", { cpuModel: "Nehalem" }],
  ])("tells by the digest that %s changed", (_what, change) => {
    expect(digestOf(renderDomain({ ...settings, ...change }))).not.toBe(digestOf(renderDomain(settings)));
  });

  it("escapes what XML would misread", () => {
    expect(renderDomain({ ...settings, stackId: 'a"b<c' })).toContain('owner="a&quot;b&lt;c"');
  });

  it("marks its owner under the namespace that the scripts ask libvirt for", () => {
    expect(GUEST_NAMESPACE).toBe("urn:gitops-platform:guest:1");
  });

  const validator = "/usr/bin/virt-xml-validate";
  const variants: [string, DomainSettings][] = (["kvm", "qemu"] as const).flatMap((domainType) => [
    [`${domainType} on a bridge`, { ...settings, domainType }],
    [
      `${domainType} on a network, with io_uring, without a disk for etcd`,
      {
        ...settings,
        domainType,
        io: "io_uring",
        etcdDisk: false,
        cpuModel: "Nehalem",
        attachment: { kind: "network", name: "nodes" },
      },
    ],
  ]);

  it.skipIf(!existsSync(validator)).each(variants)("is valid by libvirt's schema: %s", (_name, variant) => {
    expect(() => validate(renderDomain(variant))).not.toThrow();
  });

  it.skipIf(!existsSync(validator))("would not be valid with an element that libvirt doesn't know", () => {
    expect(() => validate(renderDomain(settings).replace("<memballoon", "<memballon"))).toThrow("fails to validate");
  });

  /** @throws with what libvirt's schema has against it */
  function validate(xml: string): void {
    const directory = mkdtempSync(join(tmpdir(), "gitops-platform-xml-"));
    const file = join(directory, "domain.xml");
    writeFileSync(file, xml);
    try {
      execFileSync(validator, [file, "domain"], { stdio: "pipe" });
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
});
