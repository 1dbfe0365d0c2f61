/**
 * Which resources machines and the hub register, with what and after what. Doesn't prove that the scripts do it
 * (test/scripts/local-machine does).
 */
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { Hub } from "../../../components/hub/hub";
import { PushNotification } from "../../../components/hub/push-notification";
import { AdoptedMachine } from "../../../components/machines/adopted-machine";
import { createMachines } from "../../../components/machines/create-machines";
import { LocalMachine } from "../../../components/machines/local-machine";
import type { Machine } from "../../../components/machines/machine";
import { ed25519KeyPair } from "../../../components/machines/ssh-key";

interface Registered {
  readonly type: string;
  readonly inputs: Record<string, unknown>;
}

const registered = new Map<string, Registered>();
const network = { bridge: "gitops0", cidr: "10.78.0.0/24", hostAddress: "10.78.0.1" };
const operator = ed25519KeyPair(Buffer.alloc(32, 1), "operator");
const deploy = ed25519KeyPair(Buffer.alloc(32, 2), "deploy");
const ADOPTION = {
  stackId: "p/s/c",
  clockUrl: "http://10.78.0.10",
  etcdDirectory: "/var/lib/etcd",
  containers: false,
};
const PRINTED = '{"hostname":"h","machineId":"m","mac":"a"}';
const PASSWORD = "SuperSecret123";
const seed = createHash("sha256").update(PASSWORD).digest();
const hostKey = ed25519KeyPair(seed, "any");

/** What a provider adds, by the type of the resource. */
const MADE: Readonly<Record<string, object>> = {
  "random:index/randomPassword:RandomPassword": { result: PASSWORD },
  "command:remote:Command": { stdout: PRINTED },
};

let cp1: LocalMachine;
let created: readonly Machine[];
let adopted: AdoptedMachine;
let hub: Hub;

function inputs(name: string): Record<string, unknown> {
  const found = registered.get(name);
  if (!found) throw new Error(`no resource ${name} among ${[...registered.keys()].join(", ")}`);
  return found.inputs;
}

/** What a command gets on stdin, which must be marked as secret. */
function stdin(name: string): string {
  const marked = inputs(name)["stdin"] as { readonly value?: unknown };
  if (typeof marked.value !== "string") throw new Error(`the stdin of ${name} isn't a secret`);
  return marked.value;
}

const value = <T>(output: pulumi.Input<T>): Promise<T> =>
  new Promise((resolve) => pulumi.output(output).apply((known) => resolve(known as T)));

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, type, inputs: given }) => {
        const state = given as Record<string, unknown>;
        registered.set(name, { type, inputs: state });
        return { id: `${name}-id`, state: { ...state, ...MADE[type] } };
      },
      call: ({ inputs: given }) => given as Record<string, unknown>,
    },
    "gitops-platform",
    "test",
    false,
  );
  const loginKey = { privateKey: pulumi.secret(operator.privateKeyOpenSsh), publicKey: operator.publicKeyOpenSsh };
  cp1 = new LocalMachine("cp-1", {
    role: "control-plane",
    address: "10.78.0.11",
    network,
    baseImage: "/base.img",
    memoryMiB: 4096,
    diskGiB: 20,
    loginKey,
    protectKeys: false,
    binds: [],
  });
  adopted = new AdoptedMachine("vps-1", {
    role: "worker",
    address: "192.0.2.7",
    port: 22,
    user: "root",
    hostKey: "ssh-ed25519 AAAA",
    privateKey: pulumi.secret(operator.privateKeyOpenSsh),
    after: [],
  });
  hub = new Hub("hub", {
    address: "10.78.0.10",
    local: { network, baseImage: "/base.img", mirrorDirectory: "/mirror" },
    ssh: { privateKey: pulumi.secret(operator.privateKeyOpenSsh) },
    gitops: { deployKey: pulumi.secret(deploy.privateKeyOpenSsh) },
    sealingKeys: [{ certificate: "OLD" }, { certificate: "NEW" }],
    memoryMiB: 1024,
    diskGiB: 5,
  });
  new PushNotification("hub-push", {
    hub,
    argocd: {
      controlPlane: Object.assign(cp1, { role: "control-plane" } as const),
      addresses: ["10.78.0.11:30443", "10.78.0.21:30443"],
      token: pulumi.secret("the token"),
    },
  });
  const server = { kind: "adopted", role: "worker", port: 22 } as const;
  created = createMachines(
    [
      { kind: "local", name: "node-1", role: "worker", address: "10.78.0.31", memoryMiB: 2048, diskGiB: 20 },
      { ...server, name: "node-2", address: "10.78.0.32", hostKey: "ssh-ed25519 BBBB", user: "admin" },
      { ...server, name: "node-3", address: "10.78.0.33", hostKey: "ssh-ed25519 CCCC", user: "debian" },
    ],
    {
      ssh: { user: "admin", privateKey: pulumi.secret(operator.privateKeyOpenSsh) },
      adoption: ADOPTION,
      protectKeys: false,
      local: { network, baseImage: "/base.img" },
    },
  );
  await pulumi.runtime.disconnect();
});

describe("LocalMachine", () => {
  it("keeps its commands constant and everything that varies on stdin", () => {
    expect(inputs("cp-1-container")).toMatchObject({
      create: "bash components/machines/local/machine.sh apply",
      update: "bash components/machines/local/machine.sh change",
      delete: "bash components/machines/local/machine.sh destroy",
      logging: "none",
      addPreviousOutputInEnv: false,
    });
    expect(stdin("cp-1-container")).toBe(
      [
        "export MACHINE_NAME='cp-1'",
        "export ADDRESS='10.78.0.11'",
        "export STATE_DIRECTORY='.local/machines'",
        "export BRIDGE='gitops0'",
        "export NETWORK_CIDR='10.78.0.0/24'",
        "export HOST_ADDRESS='10.78.0.1'",
        "export BASE_IMAGE='/base.img'",
        "export MEMORY_MIB='4096'",
        "export DISK_GIB='20'",
        "export BINDS=''",
        `export HOST_PRIVATE_KEY='${ed25519KeyPair(seed, "cp-1-host-key").privateKeyOpenSsh}'`,
        `export HOST_PUBLIC_KEY='${publicPart(hostKey.publicKeyOpenSsh)}'`,
        `export LOGIN_PUBLIC_KEY='${operator.publicKeyOpenSsh}'`,
        "",
      ].join("\n"),
    );
  });

  it("is made anew for another address or host key, and only then", () => {
    expect(inputs("cp-1-container")["triggers"]).toEqual(["10.78.0.11", publicPart(hostKey.publicKeyOpenSsh)]);
  });

  it("is a machine whose host key is known, and whose identity is that of the container", async () => {
    expect(await value(cp1.identity)).toBe("cp-1-container-id");
    expect(await value(cp1.connection.hostKey)).toBe(publicPart(hostKey.publicKeyOpenSsh));
    expect([cp1.name, cp1.address]).toEqual(["cp-1", "10.78.0.11"]);
    expect(cp1.ready).toEqual([cp1.disposedWith]);
  });

  it("has children named after it", () => {
    expect([...registered.keys()].filter((name) => name.startsWith("cp-1"))).toEqual([
      "cp-1",
      "cp-1-host-key",
      "cp-1-host-key-seed",
      "cp-1-container",
    ]);
  });
});

describe("AdoptedMachine", () => {
  it("owns nothing but its name, and is identified by its host key", () => {
    expect([...registered.keys()].filter((name) => name.startsWith("vps-1"))).toEqual(["vps-1"]);
    expect(adopted).toMatchObject({ identity: "ssh-ed25519 AAAA", ready: [], connection: { port: 22, user: "root" } });
    expect("disposedWith" in adopted).toBe(false);
  });
});

describe("createMachines", () => {
  it("gives the machines in the order of the nodes, each of its kind", () => {
    expect(created.map(({ name }) => name)).toEqual(["node-1", "node-2", "node-3"]);
    expect(created.map(({ constructor }) => constructor)).toEqual([LocalMachine, AdoptedMachine, AdoptedMachine]);
  });

  it("gives local machines their size, and lets the operator log in", () => {
    expect(stdin("node-1-container")).toContain("export MEMORY_MIB='2048'\nexport DISK_GIB='20'\n");
    expect(stdin("node-1-container")).toContain(`export LOGIN_PUBLIC_KEY='${publicPart(operator.publicKeyOpenSsh)}`);
  });

  it("logs in to servers as the user of each node", () => {
    expect(created.slice(1).map(({ connection }) => [connection.user, connection.port])).toEqual([
      ["admin", 22],
      ["debian", 22],
    ]);
  });

  it("has every server checked, then compared, before anything else is done on any of them", () => {
    expect(inputs("adoption-comparison")["stdin"]).toContain("export SERVERS='node-2 h m a\nnode-3 h m a'");
    const text = inputs("adoption-node-2")["stdin"];
    expect(text).toContain("export NODE_ROLE='worker'\nexport STACK_ID='p/s/c'\nexport ETCD_DIRECTORY='/var/lib/etcd'");
    expect(text).toContain("export FREE_DISK_GIB='8'\nexport MEMORY_MIB='900'\nexport CPUS='1'\nexport CONTAINER=''");
    const names = ["adoption-node-2", "adoption-node-3", "adoption-comparison"];
    expect(registered.has("adoption-node-1")).toBe(false);
    for (const machine of created.slice(1)) expect(machine.ready.length).toBe(names.length);
  });

  it("refuses a local node where there are no local machines", () => {
    const ssh = { user: "root", privateKey: pulumi.secret(operator.privateKeyOpenSsh) };
    expect(() =>
      createMachines(
        [{ kind: "local", name: "cp-9", role: "worker", address: "10.78.0.9", memoryMiB: 2048, diskGiB: 20 }],
        { ssh, adoption: ADOPTION, protectKeys: false },
      ),
    ).toThrow("nodes cp-9 — is local, and localMachines is not set; set it or adopt a server");
  });
});

describe("Hub", () => {
  it("sees the mirror read-only and keeps the repository on this computer", () => {
    expect(stdin("hub-container")).toContain("export BINDS='ro:/mirror:/srv/mirror\nrw:.local/git:/srv/git'");
  });

  it("gives its addresses", () => {
    expect(hub).toMatchObject({
      repositoryUrl: "ssh://git@10.78.0.10/srv/git/infra.git",
      files: "http://10.78.0.10",
      registry: "http://10.78.0.10:5000",
    });
  });

  it("lets the operator push and Argo CD read", () => {
    const text = stdin("hub-repository");
    expect(text).toContain(`export PUSH_KEY='${publicPart(operator.publicKeyOpenSsh)}`);
    expect(text).toContain(`export DEPLOY_KEY='${publicPart(deploy.publicKeyOpenSsh)}`);
    expect(text).not.toContain("PRIVATE KEY");
  });

  it("seals the starter's Secrets with the newest certificate, and keeps passwords and key on a secret stdin", () => {
    expect(inputs("hub-seed")["create"]).toBe("bash components/hub/seed-repository.sh apply");
    expect(stdin("hub-seed")).toContain("export SEALING_CERTIFICATE='NEW'");
    const sealed = (application: string, name: string): string[] =>
      ["local", "staging", "production"].map(
        (environment) =>
          `apps/${application}/overlays/${environment}/sealed-secret.yaml ${application} ${name} SuperSecret123`,
      );
    const lines = [...sealed("credentials", "database-creds"), ...sealed("store", "store-auth")].join("\n");
    expect(stdin("hub-seed")).toContain(`export SECRETS='${lines}'`);
  });

  it("tells Argo CD of pushes to the repository under the address that Argo CD knows", () => {
    expect(stdin("hub-push-notify")).toContain("export WEB_URL='http://10.78.0.10/srv/git/infra'");
    expect(stdin("hub-push-notify")).toContain("export ADDRESSES='10.78.0.11:30443\n10.78.0.21:30443'");
    expect(stdin("hub-push-notify")).toContain("export TOKEN='the token'");
  });

  it("has the certificate that a push is told under read on a control plane", () => {
    expect(inputs("hub-push-certificate")["connection"]).toMatchObject({ value: { host: "10.78.0.11" } });
    expect(stdin("hub-push-notify")).toContain(`export CERTIFICATE='${PRINTED}'`);
  });
});

/** Type and key, without the comment. */
function publicPart(line: string): string {
  return line.split(" ").slice(0, 2).join(" ");
}
