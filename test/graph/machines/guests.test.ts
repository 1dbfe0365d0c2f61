/**
 * Which resources guests and their hypervisors register, with what and after what. Doesn't prove that the scripts do it
 * (test/scripts/hypervisor does), nor that an image boots (the drill kvm-worker does).
 */
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { createMachines, type MachineSettings, type NodeSpec } from "../../../components/machines/create-machines";
import { LibvirtMachine } from "../../../components/machines/libvirt-machine";
import type { Machine } from "../../../components/machines/machine";
import { ed25519KeyPair } from "../../../components/machines/ssh-key";

interface Registered {
  readonly type: string;
  readonly inputs: Record<string, unknown>;
}

const registered = new Map<string, Registered>();
const operator = ed25519KeyPair(Buffer.alloc(32, 1), "operator");

/** What a step prints, by the end of its name. */
const PRINTED: Readonly<Record<string, string>> = {
  check: JSON.stringify({ domainType: "kvm", storageDirectory: "/srv/guests" }),
  image: JSON.stringify({ file: "/srv/guests/gitops-platform-image-0123.qcow2" }),
};

const defaults = {
  port: 22,
  user: "root",
  domainType: "auto",
  allowEmulation: false,
  parallelCopies: 2,
} as const;

const settings: MachineSettings = {
  protectKeys: false,
  ssh: { user: "ops", privateKey: pulumi.secret(operator.privateKeyOpenSsh) },
  adoption: {
    stackId: "gitops-platform/test/test",
    clockUrl: "https://files.example.org",
    etcdDirectory: "/var/lib/etcd",
    containers: false,
  },
  guests: {
    hypervisors: [
      {
        ...defaults,
        name: "hv-1",
        address: "192.0.2.2",
        hostKey: "ssh-ed25519 HV1",
        attachment: { kind: "bridge", name: "br0" },
        storage: { kind: "directory", path: "/srv/guests" },
      },
      {
        ...defaults,
        name: "hv-2",
        address: "192.0.2.3",
        port: 2222,
        user: "admin",
        hostKey: "ssh-ed25519 HV2",
        bastion: { address: "bastion.example.org", port: 22, user: "jump", hostKey: "ssh-ed25519 BASTION" },
        attachment: { kind: "network", name: "nodes" },
        storage: { kind: "pool", name: "nvme" },
        allowEmulation: true,
        parallelCopies: 4,
      },
    ],
    image: {
      location: "https://images.example.org/debian.qcow2",
      checksum: { algorithm: "sha512", hex: "ab".repeat(64) },
      format: "qcow2",
    },
    network: { cidr: "192.0.2.0/24", gateway: "192.0.2.1", resolvers: ["192.0.2.1"] },
    cluster: "production",
    stackId: "gitops-platform/test/production",
    etcdDirectory: "/var/lib/etcd",
  },
};

const size = {
  kind: "libvirt",
  vcpus: 2,
  memoryMiB: 4096,
  diskGiB: 20,
  preallocation: "sparse",
  io: "native",
  autostart: true,
} as const;
const NODES: readonly NodeSpec[] = [
  { ...size, name: "cp-1", role: "control-plane", address: "192.0.2.11", hypervisor: "hv-1", etcdDiskGiB: 10 },
  { ...size, name: "worker-1", role: "worker", address: "192.0.2.21", hypervisor: "hv-2", mac: "52:54:00:00:00:01" },
];

let made: readonly Machine[];

function inputs(name: string): Record<string, unknown> {
  const found = registered.get(name);
  if (!found) throw new Error(`no resource ${name} among ${[...registered.keys()].join(", ")}`);
  return found.inputs;
}

function revealed(value: unknown): unknown {
  const marked = value as { readonly value?: unknown } | undefined;
  return marked?.value ?? value;
}

const stdin = (name: string): string => String(revealed(inputs(name)["stdin"]));
const connection = (name: string): unknown => revealed(inputs(name)["connection"]);

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, type, inputs: given }) => {
        const state = given as Record<string, unknown>;
        registered.set(name, { type, inputs: state });
        const stdout = PRINTED[name.split("-").at(-1) ?? ""] ?? "";
        const result = "SuperSecret123";
        return { id: `${name}-id`, state: { ...state, stdout, ...(type.startsWith("random:") ? { result } : {}) } };
      },
      call: ({ inputs: given }) => given as Record<string, unknown>,
    },
    "gitops-platform",
    "test",
    false,
  );
  made = createMachines(NODES, settings);
  await pulumi.runtime.disconnect();
});

describe("Hypervisor", () => {
  it("is checked, then gets the image, once however many guests it has; its steps carry its name", () => {
    expect([...registered.keys()].filter((name) => name.startsWith("hv-1"))).toEqual([
      "hv-1",
      "hv-1-check",
      "hv-1-image",
    ]);
    expect(stdin("hv-1-check")).toContain("export ATTACHMENT='bridge:br0'\nexport STORAGE='directory:/srv/guests'\n");
    expect(stdin("hv-2-check")).toContain("export ATTACHMENT='network:nodes'\nexport STORAGE='pool:nvme'\n");
    expect(stdin("hv-1-image")).toContain(`export IMAGE_CHECKSUM='sha512:${"ab".repeat(64)}'`);
  });

  it("may emulate only where that is allowed", () => {
    expect(stdin("hv-1-check")).toContain("export DOMAIN_TYPE='auto'\nexport ALLOW_EMULATION='no'\n");
    expect(stdin("hv-2-check")).toContain("export ALLOW_EMULATION='yes'\n");
  });

  it("is reached through its bastion, with every host key pinned, and given up soon if it is down", () => {
    expect(connection("hv-2-check")).toMatchObject({
      host: "192.0.2.3",
      port: 2222,
      user: "admin",
      hostKey: "ssh-ed25519 HV2",
      dialErrorLimit: 10,
      proxy: { host: "bastion.example.org", port: 22, user: "jump", hostKey: "ssh-ed25519 BASTION" },
    });
    expect(connection("hv-1-check")).not.toHaveProperty("proxy");
  });
});

const MAC = /<mac address="([^"]*)"/;

describe("LibvirtMachine", () => {
  it("has a host key made before it, a guest, and a first boot", () => {
    expect([...registered.keys()].filter((name) => name.startsWith("cp-1"))).toEqual([
      "cp-1",
      "cp-1-host-key",
      "cp-1-host-key-seed",
      "cp-1-guest",
      "cp-1-boot",
    ]);
    expect(made.map(({ constructor }) => constructor)).toEqual([LibvirtMachine, LibvirtMachine]);
  });

  it("is made on its own hypervisor, from what that found out", () => {
    expect(connection("cp-1-guest")).toMatchObject({ host: "192.0.2.2", hostKey: "ssh-ed25519 HV1" });
    expect(connection("worker-1-guest")).toMatchObject({ host: "192.0.2.3", hostKey: "ssh-ed25519 HV2" });
    expect(stdin("cp-1-guest")).toContain('<domain type="kvm">');
    expect(stdin("cp-1-guest")).toContain('<source file="/srv/guests/cp-1-etcd.raw"/>');
    expect(stdin("cp-1-guest")).toContain("export IMAGE_FILE='/srv/guests/gitops-platform-image-0123.qcow2'");
    expect(stdin("worker-1-guest")).toContain("export COPY_SLOTS='4'");
  });

  it("has its settings, the digest of its definition and its steps as plain data", () => {
    expect(inputs("cp-1")).toEqual({
      definition: / digest="([0-9a-f]{64})"/.exec(stdin("cp-1-guest"))?.[1],
      ...{ role: "control-plane", address: "192.0.2.11", hypervisor: "hv-1", owner: "gitops-platform/test/production" },
      ...{ vcpus: 2, memoryMiB: 4096, cpuModel: "", mac: MAC.exec(stdin("cp-1-guest"))?.[1], io: "native" },
      ...{ preallocation: "sparse", diskGiB: 20, etcdDiskGiB: 10, autostart: true },
      steps: {
        "cp-1-guest": { node: "cp-1", step: "machine", summary: "makes the guest on hv-1" },
        "cp-1-boot": { node: "cp-1", step: "boot", summary: "waits for the first boot and grows file systems" },
      },
    });
  });

  it("has a time limit and a verb on the command line, nothing else", () => {
    const verbs = ["create", "update", "delete"].map((name) => String(inputs("cp-1-guest")[name]).split(" -- ")[1]);
    expect(verbs).toEqual(["apply", "change", "destroy"]);
  });

  it("gets the private host key on a secret stdin only", () => {
    expect(inputs("cp-1-guest")["stdin"]).toHaveProperty("value");
    expect(stdin("cp-1-guest")).toContain("BEGIN OPENSSH PRIVATE KEY");
    const others = Object.entries(inputs("cp-1-guest")).filter(([key]) => key !== "stdin" && key !== "connection");
    expect(JSON.stringify(others)).not.toContain("PRIVATE KEY");
  });

  it("names the command that consents to its replacement by its own URN", () => {
    expect(stdin("cp-1-guest")).toContain(
      "urn:pulumi:test::gitops-platform::gitops-platform:machines:LibvirtMachine$command:remote:Command::cp-1-guest",
    );
  });

  it("is reached as the stack's user, with the key that was made, through its hypervisor's bastion", () => {
    expect(connection("cp-1-boot")).toMatchObject({ host: "192.0.2.11", user: "ops" });
    expect(connection("cp-1-boot")).not.toHaveProperty("proxy");
    expect(connection("worker-1-boot")).toMatchObject({ proxy: { host: "bastion.example.org" } });
    expect(stdin("cp-1-boot")).toContain("export DISK_GIB='20'\nexport ETCD_DISK_GIB='10'\n");
  });

  it("has a MAC address of its own, or the one that it is given", () => {
    expect(stdin("worker-1-guest")).toContain('<mac address="52:54:00:00:00:01"/>');
    expect(stdin("cp-1-guest")).toMatch(/<mac address="52:54:00:[0-9a-f:]{8}"\/>/);
  });

  it("goes with its guest, dead or alive, and changes its identity with it", () => {
    expect(made.every((machine) => machine.disposedWith !== undefined && machine.ready.length === 1)).toBe(true);
  });

  it("is refused on a hypervisor that there isn't", () => {
    const [node] = NODES;
    expect(() =>
      createMachines([{ ...size, ...node, kind: "libvirt", hypervisor: "hv-9" } as NodeSpec], {
        ssh: settings.ssh,
        adoption: settings.adoption,
        protectKeys: false,
      }),
    ).toThrow("nodes cp-1 — is on hv-9, which is no hypervisor; add it to hypervisors");
  });
});
