/**
 * Every rule of the configuration, by the exact sentence an operator reads.
 * Does not prove that Pulumi hands the configuration over as these objects: test/e2e does.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { parseStack } from "../../../config/parse";
import { artifactList } from "../../fixtures/artifacts";
import type { SealingPair } from "../../fixtures/keys";
import { makeLoginKey, makeSealingPair } from "../../fixtures/keys";
import { around, deploy, goodConfig, host, login, sealingPair } from "./good-config";

type Raw = ReturnType<typeof goodConfig> & Record<string, unknown>;

let sealing: SealingPair;
beforeAll(async () => {
  sealing = await sealingPair();
});

/** The sentences about a good configuration after `spoil`. */
function sentences(spoil: (raw: Raw) => void, files: Record<string, string> = {}): string[] {
  const raw: Raw = goodConfig(sealing);
  spoil(raw);
  return parseStack(raw, around(files)).problems.map(({ sentence }) => sentence);
}

/** Puts a value where TypeScript would not let it be. */
function put(target: object | undefined, key: string | number, value: unknown): void {
  if (target) Reflect.set(target, key, value);
}

const local = (raw: Raw): void => {
  put(raw, "network", { cidr: "10.78.0.0/24" });
  put(raw, "nodes", [{ name: "cp-1", kind: "local", role: "control-plane", address: "10.78.0.11" }]);
  put(raw, "hub", { address: "10.78.0.10" });
  put(raw, "localMachines", { bridge: "gitops0" });
  put(raw, "artifacts", {
    source: "mirror",
    files: "http://10.78.0.10",
    registry: "http://10.78.0.10:5000",
    list: "airgap/upstream.json",
  });
};

describe("a good configuration", () => {
  it("gets its defaults and its keys", () => {
    const { config } = parseStack(goodConfig(sealing), around());
    expect(config).toMatchObject({
      cluster: { name: "staging", podSubnet: "10.244.0.0/16", serviceSubnet: "10.96.0.0/12" },
      artifacts: { source: { source: "upstream" }, list: { origin: "made for a test" } },
      ssh: { user: "root", privateKey: login.privateKey },
      diskGate: { limitMs: 10, sustainedSeconds: 0, directory: "/var/lib/etcd" },
      gitops: {
        targetRevision: "HEAD",
        path: "applications",
        applicationSets: true,
        deployKey: deploy.privateKey,
        hostKeys: [host.publicKey],
      },
    });
    expect(config?.nodes[0]).toMatchObject({ port: 22 });
  });

  it("may do without ApplicationSets", () => {
    const raw: Raw = goodConfig(sealing);
    put(raw.gitops, "applicationSets", false);
    expect(parseStack(raw, around()).config?.gitops.applicationSets).toBe(false);
  });

  it("may be local, with the hub's host key left to the program", () => {
    const raw: Raw = goodConfig(sealing);
    local(raw);
    put(raw, "gitops", { repoURL: "ssh://git@10.78.0.10/srv/git/infra.git", deployKey: deploy.privateKey });
    const { config, problems } = parseStack(raw, around());
    expect(problems).toEqual([]);
    expect(config?.localMachines).toEqual({ bridge: "gitops0", hostAddress: "10.78.0.1" });
    expect(config?.gitops.hostKeys).toEqual([]);
  });

  it.each(["https://git.example.org/infra.git", "http://10.0.0.1:3000/infra.git"])(
    "may name the public repository %s",
    (repoURL) => {
      expect(sentences((raw) => put(raw, "gitops", { repoURL }))).toEqual([]);
    },
  );

  it.each(["git@git.example.org:team/infra.git", "ssh://git@git.example.org:2222/infra.git"])(
    "may name %s",
    (repoURL) => {
      expect(sentences((raw) => put(raw.gitops, "repoURL", repoURL))).toEqual([]);
    },
  );

  it("gets a newline at the end of keys that lost it, as pulumi config set makes them", () => {
    const { config } = parseStack(
      { ...goodConfig(sealing), ssh: { privateKey: login.privateKey.trimEnd() } },
      around(),
    );
    expect(config?.ssh.privateKey.endsWith("-----END OPENSSH PRIVATE KEY-----\n")).toBe(true);
  });

  it("loses comments of host keys", () => {
    const raw = goodConfig(sealing);
    put(raw.nodes[0], "hostKey", `${host.publicKey} root@cp-1`);
    expect(parseStack(raw, around()).config?.nodes[0]).toMatchObject({ hostKey: host.publicKey });
  });
});

describe("form", () => {
  it.each<[string, (raw: Raw) => void, string]>([
    ["unknown section", (raw) => put(raw, "notes", {}), "notes is not a known key; did you mean nodes?"],
    ["unknown key", (raw) => put(raw.cluster, "nam", "x"), "cluster.nam is not a known key; did you mean name?"],
    [
      "unknown key far from all",
      (raw) => put(raw.network, "vlan", 7),
      "network.vlan is not a known key; remove it (known keys: cidr, gateway, resolvers)",
    ],
    [
      "key of another kind of node",
      (raw) => put(raw.nodes[3], "memoryMiB", 2048),
      "nodes[3].memoryMiB is not a known key; remove it (known keys: kind, name, role, address, hypervisor, user, port, hostKey)",
    ],
    [
      "missing section",
      (raw) => Reflect.deleteProperty(raw, "cluster"),
      "cluster is missing (need an object); add it, for example { name: … }",
    ],
    [
      "missing value",
      (raw) => put(raw, "cluster", {}),
      "cluster.name is missing (need lower-case letters, digits and inner hyphens, 63 at most); add it, for example staging",
    ],
    [
      "wrong type",
      (raw) => put(raw.nodes[0], "address", 5),
      "nodes[0].address is wrong (got 5, need an IPv4 address); write for example 10.78.0.11",
    ],
    [
      "name that is no DNS label",
      (raw) => put(raw.nodes[0], "name", "CP_1"),
      'nodes[0].name is wrong (got "CP_1", need lower-case letters, digits and inner hyphens, 63 at most); write for example cp-1',
    ],
    [
      "unknown kind",
      (raw) => put(raw.nodes[0], "kind", "libvrt"),
      'nodes[0].kind is wrong (got "libvrt", need local or adopted or libvirt); write for example local',
    ],
    [
      "negative limit",
      (raw) => put(raw, "diskGate", { limitMs: -1 }),
      "diskGate.limitMs is wrong (got -1, need a number of milliseconds above 0, 10000 at most); write for example 10",
    ],
    [
      "limit of zero",
      (raw) => put(raw, "diskGate", { limitMs: 0 }),
      "diskGate.limitMs is wrong (got 0, need a number of milliseconds above 0, 10000 at most); write for example 10",
    ],
    [
      "override without a real reason",
      (raw) => put(raw, "diskGate", { override: { reason: "because" } }),
      'diskGate.override.reason is wrong (got "because", need a reason of at least 10 characters); ' +
        'write for example "trial on a laptop, no real data"',
    ],
    [
      "network with host bits",
      (raw) => put(raw.network, "cidr", "192.0.2.1/24"),
      'network.cidr is wrong (got "192.0.2.1/24", need an IPv4 network without host bits, prefix /8 to /30); ' +
        "write for example 10.78.0.0/24",
    ],
    [
      "repository URL that isn't one",
      (raw) => put(raw.gitops, "repoURL", "infra"),
      'gitops.repoURL is wrong (got "infra", need ssh://user@host/path, user@host:path or https://host/path, without a password); ' +
        "write for example ssh://git@git.example.org/infra.git",
    ],
    [
      "switch that is neither on nor off",
      (raw) => put(raw.gitops, "applicationSets", "no"),
      'gitops.applicationSets is wrong (got "no", need true or false); write for example false',
    ],
    [
      "path that leaves the repository",
      (raw) => put(raw.gitops, "path", "../other"),
      'gitops.path is wrong (got "../other", need a folder inside the repository); write for example applications',
    ],
    [
      "mirror without its addresses",
      (raw) => put(raw, "artifacts", { source: "mirror", list: "airgap/upstream.json", files: "http://10.78.0.10/" }),
      'artifacts.files is wrong (got "http://10.78.0.10/", need an http or https URL without a password or a slash at its end); ' +
        "write for example http://10.78.0.10",
    ],
  ])("%s", (_name, spoil, sentence) => {
    expect(sentences(spoil)[0]).toBe(sentence);
  });
});

describe("topology", () => {
  it.each<[string, (raw: Raw) => void, string[]]>([
    [
      "duplicate address",
      (raw) => put(raw.nodes[3], "address", "192.0.2.11"),
      ["nodes[3].address 192.0.2.11 is already used by nodes[0]; give each node its own address"],
    ],
    [
      "duplicate name",
      (raw) => put(raw.nodes[3], "name", "cp-2"),
      ["nodes[3].name cp-2 is already used by nodes[1]; give each machine its own name"],
    ],
    [
      "address outside the network",
      (raw) => put(raw.nodes[3], "address", "192.0.3.21"),
      [
        "nodes[3].address 192.0.3.21 is outside network.cidr 192.0.2.0/24; choose one from 192.0.2.1 to 192.0.2.254, or correct the network",
      ],
    ],
    [
      "network address",
      (raw) => put(raw.nodes[3], "address", "192.0.2.0"),
      ["nodes[3].address 192.0.2.0 is the network itself; choose one from 192.0.2.1 to 192.0.2.254"],
    ],
    [
      "broadcast address",
      (raw) => put(raw.nodes[3], "address", "192.0.2.255"),
      ["nodes[3].address 192.0.2.255 is the network's broadcast address; choose one from 192.0.2.1 to 192.0.2.254"],
    ],
    [
      "no nodes",
      (raw) => put(raw, "nodes", []),
      ["nodes has no control plane; give one node, or three, the role control-plane"],
    ],
    [
      "two control planes",
      (raw) => raw.nodes.splice(2, 1),
      [
        "nodes has 2 control planes (need 1, 3 or 5: an even number of etcd members survives no more losses than one fewer); add or remove a control plane",
      ],
    ],
    [
      "overlapping networks",
      (raw) => put(raw.cluster, "podSubnet", "192.0.0.0/16"),
      ["cluster.podSubnet 192.0.0.0/16 overlaps network.cidr 192.0.2.0/24; choose networks that share no address"],
    ],
    [
      "pod network too small",
      (raw) => put(raw.cluster, "podSubnet", "10.244.0.0/23"),
      ["cluster.podSubnet 10.244.0.0/23 is too small for 4 nodes (each takes a /24); choose a larger network"],
    ],
    [
      "service network too large",
      (raw) => put(raw.cluster, "serviceSubnet", "11.0.0.0/8"),
      ["cluster.serviceSubnet 11.0.0.0/8 is too large (the API server takes /12 at most); choose a /12 or smaller"],
    ],
    [
      "hub without local nodes",
      (raw) => put(raw, "hub", { address: "192.0.2.10" }),
      ["hub is only for local nodes, and there are none; remove it"],
    ],
    [
      "hub on a node's address",
      (raw) => {
        local(raw);
        put(raw, "hub", { address: "10.78.0.11" });
      },
      ["nodes[0].address 10.78.0.11 is already used by hub; give each node its own address"],
    ],
    [
      "node on the bridge's address",
      (raw) => {
        local(raw);
        put(raw.nodes[0], "address", "10.78.0.1");
      },
      ["nodes[0].address 10.78.0.1 is already used by the bridge of this computer; give each node its own address"],
    ],
    [
      "node called hub",
      (raw) => {
        local(raw);
        put(raw.nodes[0], "name", "hub");
      },
      ["nodes[0].name hub is already used by the hub; give each machine its own name"],
    ],
    [
      "local nodes alone",
      (raw) => {
        local(raw);
        put(raw, "hub", undefined);
        put(raw, "localMachines", undefined);
        put(raw, "artifacts", { source: "upstream" });
      },
      [
        "hub is missing (local nodes download from it and nowhere else); add for example hub: { address: 10.78.0.10 }",
        "localMachines is missing (local nodes need a bridge); add for example localMachines: { bridge: gitops0 }",
        "artifacts.source is upstream, which local nodes can't reach; use mirror, served by the hub",
      ],
    ],
    [
      "mixed kinds",
      (raw) => put(raw.nodes, 3, { name: "worker-1", kind: "local", role: "worker", address: "192.0.2.21" }),
      ["nodes[0].kind is adopted while nodes[3] is local, and neither reaches the other; use one kind for all nodes"],
    ],
  ])("%s", (_name, spoil, expected) => {
    expect(sentences(spoil)).toEqual(expected);
  });
});

describe("versions", () => {
  it.each<[string, (raw: Raw) => void, string[]]>([
    [
      "unsupported pair",
      (raw) => put(raw.versions, "kubernetes", "1.28.2"),
      [
        "versions.kubernetes 1.28.2 is not supported; use 1.27.3 or 1.27.4 or 1.27.16",
        "versions.argocd 2.7.15 does not fit versions.kubernetes 1.28.2 (this pair was never run, 2.7.15 is for Kubernetes 1.27); change one of the two",
      ],
    ],
    [
      "reserved version",
      (raw) => put(raw.versions, "argocd", "2.13.9"),
      [
        "versions.argocd 2.13.9 can't be used yet: its install manifest is not in components/gitops/manifests; use 2.7.15",
      ],
    ],
    [
      "unknown version",
      (raw) => put(raw.versions, "flannel", "0.22.0"),
      ["versions.flannel 0.22.0 is not supported; use 0.26.7"],
    ],
  ])("%s", (_name, spoil, expected) => {
    expect(sentences(spoil).filter((sentence) => !sentence.startsWith("artifacts."))).toEqual(expected);
  });
});

describe("accepted notices", () => {
  const accept = (entry: object) => (raw: Raw) => put(raw, "acceptedNotices", [entry]);
  const good = { ids: ["kubernetes-1.27"], reason: "moves to 1.28 in June", until: "9999-12-31" };

  it.each([
    ["a date", "9999-12-31"],
    // What Pulumi makes of one without quotes (observed with 3.259.0).
    ["a moment", "9999-12-31 00:00:00 +0000 UTC"],
  ])("hold until %s", (_case, until) => {
    const raw: Raw = goodConfig(sealing);
    accept({ ...good, until })(raw);
    const { config } = parseStack(raw, around());
    expect(config?.notices[0]?.accepted).toBe("moves to 1.28 in June (until 9999-12-31)");
  });

  it.each([
    [
      { ...good, until: "next year" },
      'acceptedNotices[0].until is wrong (got "next year", need a date); write for example 2027-06-30',
    ],
    [
      { ...good, until: "2027-13-45" },
      'acceptedNotices[0].until is wrong (got "2027-13-45", need a date); write for example 2027-06-30',
    ],
    [
      { ...good, reason: "yes" },
      'acceptedNotices[0].reason is wrong (got "yes", need a reason of at least 10 characters); write for example "no project tokens are given out"',
    ],
    [
      { ...good, ids: ["kubernetes-1.28"] },
      "acceptedNotices[0].ids[0] kubernetes-1.28 is about nothing that this stack uses; did you mean kubernetes-1.27?",
    ],
  ])("are checked", (entry, sentence) => {
    expect(sentences(accept(entry))).toEqual([sentence]);
  });
});

describe("keys", () => {
  const set = (path: string): string =>
    `npx pulumi config set --secret --path gitops-platform:${path} --stack staging < KEYFILE`;

  it.each<[string, (raw: Raw) => void, string[]]>([
    [
      "no login key",
      (raw) => put(raw, "ssh", {}),
      [`ssh.privateKey is missing (machines are reached with it); set it: ${set("ssh.privateKey")}`],
    ],
    [
      "no deploy key",
      (raw) => put(raw.gitops, "deployKey", undefined),
      [`gitops.deployKey is missing (a repository over SSH is read with it); set it: ${set("gitops.deployKey")}`],
    ],
    [
      "two login keys",
      (raw) => put(raw.ssh, "privateKeyFile", "key"),
      ["ssh.privateKey and ssh.privateKeyFile are both given; keep one"],
    ],
    [
      "key file that isn't there",
      (raw) => put(raw, "ssh", { privateKeyFile: "keys/login" }),
      [
        "ssh.privateKeyFile keys/login can't be read: there is no such file; correct the path, or make the key: ssh-keygen -t ed25519 -N '' -f keys/login",
      ],
    ],
    [
      "file that is no key",
      (raw) => put(raw, "ssh", { privateKeyFile: "notes.txt" }),
      [
        "ssh.privateKeyFile notes.txt is not a private key (need an OpenSSH private key without a passphrase); name another file, or make a key: ssh-keygen -t ed25519 -N '' -f notes.txt",
      ],
    ],
    [
      "damaged key",
      (raw) => put(raw.gitops, "deployKey", deploy.privateKey.replace(/\n.{30}/, "\n")),
      [
        `gitops.deployKey is a damaged private key (need an OpenSSH private key without a passphrase); set it again: ${set("gitops.deployKey")}`,
      ],
    ],
    [
      "deploy key for https",
      (raw) => put(raw.gitops, "repoURL", "https://git.example.org/infra.git"),
      ["gitops.deployKey is not used with an https repository; remove it, or use the repository's ssh:// address"],
    ],
    [
      "no host key of the repository",
      (raw) => put(raw.gitops, "hostKeys", []),
      [
        "gitops.hostKeys is missing (a repository over SSH is only trusted by its host key); add the lines that ssh-keyscan prints for its server, without the host name",
      ],
    ],
    ...(
      [
        ["cut off", (key: string) => key.slice(0, 40), "is damaged, cut off, or not of the type ssh-ed25519"],
        [
          "of another type",
          (key: string) => key.replace("ssh-ed25519", "ssh-rsa"),
          "is damaged, cut off, or not of the type ssh-rsa",
        ],
        ["from known_hosts", (key: string) => `cp-1 ${key}`, "starts with a host name"],
        ["that is something else", () => "SHA256:abc", "does not start with a key type"],
      ] as const
    ).map(([name, spoil, wrong]): [string, (raw: Raw) => void, string[]] => [
      `host key ${name}`,
      (raw) => put(raw.nodes[0], "hostKey", spoil(host.publicKey)),
      [
        `nodes[0].hostKey ${wrong} (need a public host key in authorized_keys form); copy it whole, in the form ssh-ed25519 AAAA…, from /etc/ssh/ssh_host_ed25519_key.pub of the server`,
      ],
    ]),
  ])("%s", (_name, spoil, expected) => {
    expect(sentences(spoil, { "notes.txt": "buy milk" })).toEqual(expected);
  });

  it("says how a first sealing key is made", () => {
    const [sentence] = sentences((raw) => put(raw, "sealingKeys", []));
    expect(sentence).toContain("sealingKeys has no key pair");
    expect(sentence).toContain("npx tsx scripts/stack/new-sealing-key.ts sealing.crt sealing.key");
    expect(sentence).toContain(
      "npx pulumi config set --secret --path 'gitops-platform:sealingKeys[0].privateKey' --stack staging < sealing.key",
    );
  });

  it("names the half of a sealing pair that is wrong", async () => {
    const other = await makeSealingPair();
    const expired = await makeSealingPair(new Date("2024-05-06T00:00:00Z"));
    const cure = "store a certificate and the RSA key it was made with";
    const withPair = (pair: object): string[] => sentences((raw) => put(raw, "sealingKeys", [sealing, pair]));
    expect(withPair({ ...sealing, certificate: "x" })).toEqual([
      `sealingKeys[1].certificate is not a PEM certificate; ${cure}`,
    ]);
    expect(withPair({ ...sealing, privateKey: "x" })).toEqual([
      `sealingKeys[1].privateKey is not a PEM private key without a passphrase; ${cure}`,
    ]);
    expect(withPair({ ...sealing, privateKey: other.privateKey })).toEqual([
      `sealingKeys[1].privateKey does not belong to its certificate; ${cure}`,
    ]);
    expect(withPair(expired)).toEqual([
      `sealingKeys[1].certificate expired on 2024-05-06, and kubeseal refuses expired certificates; ${cure}`,
    ]);
  });

  it("refuses keys in plain text, where Pulumi tells which are encrypted", () => {
    const { problems } = parseStack(goodConfig(sealing), { ...around(), encrypted: ["ssh", "sealingKeys"] });
    expect(problems.map(({ sentence }) => sentence)).toEqual([
      `gitops.deployKey is in plain text in the stack file; make a new key, and set it encrypted: ${set("gitops.deployKey")}`,
    ]);
  });
});

describe("artifacts", () => {
  const listed = (text: string): string[] => sentences(() => undefined, { "airgap/upstream.json": text });

  it("names the command that makes the list", () => {
    expect(sentences((raw) => put(raw.artifacts, "list", "gone.json"))).toEqual([
      "artifacts.list gone.json can't be read: there is no such file; make it with npm run mirror",
    ]);
    expect(listed("{")).toEqual(["artifacts.list airgap/upstream.json is not JSON; make it with npm run mirror"]);
    expect(listed('{"origin":"x"}')[0]).toContain("airgap/upstream.json is not a list of artifacts: artifacts: ");
  });

  it("names what the chosen versions lack", () => {
    expect(sentences((raw) => put(raw.versions, "kubernetes", "1.27.16"))).toEqual([
      "artifacts.list airgap/upstream.json lacks kubelet 1.27.16, kubeadm 1.27.16, kubectl 1.27.16, kube-apiserver 1.27.16, " +
        "kube-controller-manager 1.27.16, kube-scheduler 1.27.16, kube-proxy 1.27.16, etcd 3.5.12-0, which the chosen versions need; " +
        "make it with npm run mirror",
    ]);
  });
});

describe("a preview", () => {
  const preview = (spoil: (raw: Raw) => void, files: Record<string, string> = {}) => {
    const raw: Raw = goodConfig(sealing);
    spoil(raw);
    return parseStack(raw, { ...around(files), preview: true });
  };
  const withoutSecrets = (raw: Raw): void => {
    put(raw, "ssh", {});
    put(raw.gitops, "deployKey", undefined);
    put(raw, "sealingKeys", []);
  };

  it("goes on without secrets, and names each; an update stops", () => {
    const { config, problems, open } = preview(withoutSecrets);
    expect(problems).toEqual([]);
    expect(open.map(({ key }) => key)).toEqual(["ssh.privateKey", "gitops.deployKey", "sealingKeys"]);
    expect(config).toMatchObject({ ssh: { privateKey: "" }, gitops: { deployKey: "" }, sealingKeys: [] });
    expect(sentences(withoutSecrets)).toEqual(open.map(({ sentence }) => sentence));
  });

  it("goes on with images that are known by name only, and says how to look them up", () => {
    const { origin, artifacts } = artifactList(goodConfig(sealing).versions);
    const [pause] = artifacts.filter(({ name }) => name === "pause");
    const files = {
      "airgap/upstream.json": JSON.stringify({ origin, artifacts: artifacts.filter((entry) => entry !== pause) }),
      "airgap/upstream.unpinned.json": JSON.stringify([{ name: "pause", version: "3.9", path: pause?.path }]),
    };
    const { config, open } = preview(() => undefined, files);
    const sentence =
      "artifacts.list airgap/upstream.json has no digest of the images pause 3.9; " +
      "look them up on a machine with internet access: npm run mirror -- --from upstream --pin";
    expect(open.map((entry) => entry.sentence)).toEqual([sentence]);
    expect(config?.artifacts.list.artifacts.at(-1)).toMatchObject({
      name: "pause",
      digest: `sha256:${"0".repeat(64)}`,
    });
    expect(sentences(() => undefined, files)).toEqual([sentence]);
  });

  it("stops at anything else", () => {
    const { config, problems } = preview((raw) => put(raw.ssh, "privateKey", "hello"));
    expect(config).toBeUndefined();
    expect(problems.map(({ key }) => key)).toEqual(["ssh.privateKey"]);
  });
});

describe("all at once", () => {
  it("a wrong type in one place hides nothing elsewhere", () => {
    const found = sentences((raw) => {
      put(raw.nodes[0], "name", 7);
      put(raw.nodes[3], "address", "192.0.2.12");
      put(raw, "diskGate", { limitMs: "ten" });
      put(raw.versions, "flannel", "9.9.9");
      put(raw.gitops, "deployKey", undefined);
    });
    expect(found.map((sentence) => sentence.split(" ")[0])).toEqual([
      "nodes[0].name",
      "diskGate.limitMs",
      "nodes[3].address",
      "versions.flannel",
      "gitops.deployKey",
      "artifacts.list",
    ]);
  });

  it("no sentence holds a secret", () => {
    const secrets = [makeLoginKey().privateKey, sealing.privateKey];
    const [key = "", pem = ""] = secrets;
    const text = sentences((raw) => {
      put(raw, "ssh", { privateKey: [key], privateKeyFile: key, user: key });
      put(raw.gitops, "deployKey", { secret: key });
      put(raw.gitops, "repoURL", "https://user:hunter2@git.example.org/infra.git");
      put(raw.gitops, "deploykey", key);
      put(raw.gitops, "hostKeys", [key]);
      put(raw, "sealingKeys", [{ certificate: pem, privateKey: key }]);
    }).join("\n");
    expect(text).not.toContain("PRIVATE KEY-");
    expect(text).not.toContain("hunter2");
    for (const line of [...key.split("\n"), ...pem.split("\n")].filter((part) => part.length > 20))
      expect(text).not.toContain(line);
  });
});
