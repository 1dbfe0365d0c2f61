// What is in the mirror runs: every image's program in a chroot, and the machines' disk read from the inside.
// Does not prove that a cluster works with them: the drills do. Root only.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksum, readArtifacts } from "../../publish/artifacts-file";
import { fileSha256 } from "../../units/layer";
import { MirrorLayout } from "../../publish/layout";
import { startRegistry, type RegistryServer } from "../../publish/registry-server";
import { produceManifest, VENDORED_MANIFESTS } from "../../vendor-manifests";
import { CACHE, PROJECT } from "./workspace";

const layout = new MirrorLayout(CACHE);
const artifacts = (): NonNullable<ReturnType<typeof readArtifacts>>["artifacts"] =>
  readArtifacts(layout.artifactsFile)?.artifacts ?? [];

let directory: string;
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), "contents-"))));
afterAll(() => rmSync(directory, { recursive: true }));

describe("files", () => {
  it("have the checksums in the list", async () => {
    for (const artifact of artifacts()) {
      if (artifact.kind === "file")
        expect(`sha256:${await fileSha256(join(layout.files, artifact.path))}`).toBe(checksum(artifact));
    }
  });

  it.each([
    ["kubectl", ["version", "--client", "--output=json"], '"gitVersion": "v1.27.4"'],
    ["kubeseal", ["--version"], "kubeseal version: 0.36.6"],
    ["helm", ["version", "--short"], "v3.14.4"],
    ["crane", ["version"], "v0.20.2"],
    ["registry", ["--version"], "v3.0.0"],
  ])("%s runs here", (name, args, says) => {
    expect(execFileSync(join(layout.bin, name), args, { encoding: "utf8" })).toContain(says);
  });

  it.each([
    ["crictl", ["crictl"]],
    ["cni-plugins", ["bandwidth", "bridge", "host-local", "loopback", "portmap"]],
  ])("the archive of %s has its programs at the top", (name, programs) => {
    const path = artifacts().find((artifact) => artifact.name === name)?.path ?? "";
    const names = execFileSync("tar", ["-tf", join(layout.files, path)], { encoding: "utf8" })
      .trim()
      .split("\n");
    expect(names).toEqual(expect.arrayContaining(programs.map((program) => `./${program}`)));
  });
});

describe("images", () => {
  let registry: RegistryServer;
  beforeAll(
    async () => void (registry = await startRegistry(join(layout.bin, "registry"), layout.registry, directory)),
  );
  afterAll(() => registry.stop());

  /** Unpacks an image as containerd would, and runs a shell line or a program in it. */
  function inside(name: string): { root: string; run: (...command: string[]) => string } {
    const artifact = artifacts().find((entry) => entry.kind === "image" && entry.name === name);
    const root = join(directory, name);
    mkdirSync(root);
    const source = `${registry.address}/${artifact?.path ?? name}`;
    execFileSync("sh", ["-c", `"$0" export "$1" - | tar -x -C "$2"`, join(layout.bin, "crane"), source, root]);
    execFileSync("mknod", ["-m", "666", join(root, "dev-null"), "c", "1", "3"]);
    mkdirSync(join(root, "dev"), { recursive: true });
    execFileSync("mv", [join(root, "dev-null"), join(root, "dev", "null")]);
    return {
      root,
      run: (...command) =>
        execFileSync("chroot", [root, ...command], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
    };
  }

  it.each([
    ["kube-apiserver", ["kube-apiserver", "--version"], "v1.27.4"],
    ["kube-controller-manager", ["kube-controller-manager", "--version"], "v1.27.4"],
    ["kube-scheduler", ["kube-scheduler", "--version"], "v1.27.4"],
    ["etcd", ["etcd", "--version"], "3.5.7"],
    ["coredns", ["/coredns", "-version"], "CoreDNS-1.10.1"],
    ["pause", ["/pause", "-v"], "3.9"],
    ["flannel", ["/opt/bin/flanneld", "--version"], ""],
    ["sealed-secrets-controller", ["controller", "--version"], "0.36.6"],
    ["podinfo", ["podcli", "version"], "6.9.2"],
    ["redis", ["redis-server", "--version"], "v=7.0"],
    ["metrics-server", ["/metrics-server", "--version"], "v0.6.3"],
    ["local-path-provisioner", ["local-path-provisioner", "--version"], "v0.0.30"],
    [
      "busybox",
      ["sh", "-c", "mkdir -p /tmp/a/b && chmod 0700 /tmp/a/b && rm -rf /tmp/a && busybox | head -n 1"],
      "v1.35.0",
    ],
    ["registry", ["registry", "--version"], "v3.0.0"],
  ])("%s runs", (name, command, says) => {
    expect(inside(name).run(...command)).toContain(says);
  });

  it("kube-proxy has what it calls", () => {
    const { run } = inside("kube-proxy");
    for (const tool of ["kube-proxy", "iptables", "ip6tables", "ipset", "conntrack", "ip"]) {
      expect(run(tool, tool === "ip" ? "-V" : "--version"), tool).not.toBe("");
    }
  });

  it("flannel-cni-plugin copies its plugin like its init container", () => {
    const { root, run } = inside("flannel-cni-plugin");
    run("cp", "-f", "/flannel", "/tmp/flannel");
    expect(existsSync(join(root, "tmp/flannel"))).toBe(true);
  });

  it("kube-router has what it calls", () => {
    const { run } = inside("kube-router");
    expect(run("sh", "-c", "kube-router --version 2>&1; ipset --version; iptables --version")).toMatch(
      /v2\.1\.0[^]*ipset v7[^]*iptables v1/,
    );
  });

  it("argocd has its names, its tools, its pages, and a user for ssh", () => {
    const { root, run } = inside("argocd");
    expect(run("argocd", "version", "--client", "--short")).toContain("v2.7.15");
    for (const part of ["server", "repo-server", "application-controller", "applicationset-controller"]) {
      expect(run(`argocd-${part}`, "--help"), part).toContain("Usage:");
    }
    expect(
      run("sh", "-c", "git --version && git lfs version && helm version --short && kustomize version && gpg --version"),
    ).toMatch(/git version[^]*git-lfs[^]*v3\.14\.4[^]*v5\.0\.1[^]*gpg/);
    expect(run("sh", "-c", "ssh -V 2>&1 && tini --version && git submodule status 2>&1 || true")).toContain("OpenSSH");
    expect(readFileSync(join(root, "etc/passwd"), "utf8")).toContain("argocd:x:999:999::/home/argocd:");
    expect(existsSync(join(root, "usr/share/zoneinfo/Europe/Berlin"))).toBe(true);
    // The page that every address of Argo CD starts with, and the script that it names.
    const program = readFileSync(join(root, "usr/local/bin/argocd"));
    const [script = ""] = /main\.[0-9a-f]{20}\.js/.exec(program.toString("latin1")) ?? [];
    expect([program.includes("<title>Argo CD</title>"), program.includes(`src="${script}"`)]).toEqual([true, true]);
  });
});

describe("the machines' disk", () => {
  let root: string;
  beforeAll(() => {
    root = join(directory, "disk");
    mkdirSync(root);
    execFileSync("mount", ["-o", "loop,ro,noload", join(layout.machine, "base.img"), root]);
  });
  afterAll(() => void execFileSync("umount", [root]));
  const has = (path: string): boolean => existsSync(join(root, path));

  it("has what a node and a hub call, and nothing of Kubernetes", () => {
    const programs = [
      "containerd",
      "runc",
      "iptables",
      "nft",
      "ipset",
      "conntrack",
      "socat",
      "ethtool",
      "ebtables",
      "fio",
    ];
    const tools = ["haproxy", "nginx", "git", "curl", "jq", "openssl", "sshd", "ss", "ps", "xz", "nsenter"];
    const found = (name: string): boolean =>
      ["usr/bin", "usr/sbin"].some((folder) => readdirSync(join(root, folder)).includes(name));
    expect([...programs, ...tools].filter((name) => !found(name))).toEqual([]);
    expect(["kubelet", "kubeadm", "kubectl", "crictl"].filter(found)).toEqual([]);
    expect(has("opt/cni")).toBe(false);
  });

  it("has no identity and no secret", () => {
    expect(readdirSync(join(root, "etc/ssh")).filter((name) => name.startsWith("ssh_host_"))).toEqual([]);
    expect(readFileSync(join(root, "etc/machine-id"), "utf8")).toBe("");
    expect([has("etc/hostname"), has("root/.ssh/authorized_keys"), has("var/lib/dbus/machine-id")]).toEqual([
      false,
      false,
      false,
    ]);
    expect(readdirSync(join(root, "etc/apt/sources.list.d"))).toEqual([]);
  });

  it("starts sshd and containerd, and leaves the rest to the machine's role", () => {
    const wanted = readdirSync(join(root, "etc/systemd/system/multi-user.target.wants"));
    expect(wanted).toEqual(expect.arrayContaining(["containerd.service", "ssh.service"]));
    expect(wanted.filter((name) => /haproxy|nginx|networkd/.test(name))).toEqual([]);
    expect(readdirSync(join(root, "etc/systemd/system/sysinit.target.wants"))).toContain("cgroup-rw.service");
  });

  it("has a git user that can do nothing but Git", () => {
    expect(readFileSync(join(root, "etc/passwd"), "utf8")).toMatch(
      /^git:x:\d+:\d+::\/srv\/git:\/usr\/bin\/git-shell$/m,
    );
    expect(readFileSync(join(root, "etc/shadow"), "utf8")).toMatch(/^git:\*:/m);
  });

  it("says which packages it has", () => {
    const { packages } = JSON.parse(readFileSync(join(layout.machine, "base.json"), "utf8")) as { packages: string[] };
    expect(packages).toContainEqual(expect.stringMatching(/^containerd \d/));
  });
});

describe("vendored manifests", () => {
  it.each(VENDORED_MANIFESTS.map((manifest) => [manifest.file, manifest] as const))(
    "%s is what its module gives",
    async (file, manifest) => {
      expect(await produceManifest(manifest)).toBe(readFileSync(join(PROJECT, file), "utf8"));
    },
  );
});
