// A file server and a registry on this computer play upstream, with the mirror's own files and images as their wares.
// Does not prove that the real servers have what airgap/upstream.json names.
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Artifact } from "../../artifact";
import { readArtifacts } from "../../publish/artifacts-file";
import { MirrorLayout } from "../../publish/layout";
import { startRegistry, type RegistryServer } from "../../publish/registry-server";
import { FileServer } from "./upstream-stand-in";
import { CACHE, Workspace } from "./workspace";

const REAL = new MirrorLayout(CACHE);
const all = (): readonly Artifact[] => readArtifacts(REAL.artifactsFile)?.artifacts ?? [];
const pick = (...names: string[]): Artifact[] => all().filter(({ name }) => names.includes(name));

let workspace: Workspace;
let layout: MirrorLayout;
let files: FileServer;
let registry: RegistryServer;
let listFile: string;
let from: string[];

beforeEach(async () => {
  workspace = new Workspace();
  workspace.shareBuilds();
  layout = new MirrorLayout(workspace.cache);
  const wares = join(workspace.home, "upstream");
  for (const { kind, path } of pick("crictl", "cni-plugins", "kubectl")) {
    if (kind !== "file") continue;
    mkdirSync(dirname(join(wares, path)), { recursive: true });
    await cp(join(REAL.files, path), join(wares, path));
  }
  files = new FileServer(wares);
  registry = await startRegistry(join(REAL.bin, "registry"), REAL.registry, workspace.home);
  listFile = join(workspace.home, "list.json");
  writeList(pick("crictl", "cni-plugins", "kubectl", "pause"), pick("flannel-cni-plugin"));
  const options = ["--upstream-list", listFile, "--upstream-files", await files.start()];
  from = ["--from", "upstream", ...options, "--upstream-registry", registry.address];
});
afterEach(async () => {
  files.stop();
  await registry.stop();
  workspace.remove();
});

function writeList(pinned: readonly Artifact[], unpinned: readonly Artifact[] = []): void {
  writeFileSync(listFile, JSON.stringify({ origin: "pinned by hand", artifacts: pinned }));
  const images = unpinned.map(({ name, version, path }) => ({ name, version, path }));
  writeFileSync(listFile.replace(".json", ".unpinned.json"), JSON.stringify(images));
}

/** Files below the mirror's document root and among the downloads. */
function kept(): string[] {
  const below = (directory: string): string[] =>
    existsSync(directory)
      ? readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) =>
          entry.isFile() ? entry.name : [],
        )
      : [];
  return [...below(layout.files), ...below(join(workspace.cache, "build", "downloads"))];
}

it("copies files and images, records digests, and then needs upstream no more", async () => {
  const wanted = pick("crictl", "cni-plugins", "kubectl", "pause", "flannel-cni-plugin");
  const first = await workspace.mirror(from);
  expect([first.code, first.lines.at(-1)]).toEqual([0, expect.stringContaining("mirror: updated in")]);
  const recorded = readArtifacts(layout.artifactsFile);
  expect(recorded?.origin).toBe("copied from upstream");
  expect(recorded?.artifacts).toEqual(expect.arrayContaining(wanted));
  for (const artifact of wanted) {
    if (artifact.kind === "image") expect(layout.storedDigest(artifact.path)).toBe(artifact.digest);
    else
      expect(
        readFileSync(join(layout.files, artifact.path)).equals(readFileSync(join(REAL.files, artifact.path))),
      ).toBe(true);
  }
  expect(readFileSync(join(layout.bin, "kubectl")).equals(readFileSync(join(REAL.bin, "kubectl")))).toBe(true);
  expect(first.lines).toContainEqual(
    expect.stringMatching(/flannel-cni-plugin: ghcr\.io\S+ is not pinned; recorded as sha256:/),
  );

  files.stop();
  await registry.stop();
  const again = await workspace.mirror(from);
  expect([again.code, ...again.lines]).toEqual([0, `mirror: is up to date: ${layout.root}`]);
  const automatic = await workspace.mirror(from.slice(2)); // the mirror remembers where it is from
  expect([automatic.code, ...automatic.lines]).toEqual([0, `mirror: is up to date: ${layout.root}`]);
});

it("pins what it resolved into the list", async () => {
  expect((await workspace.mirror([...from, "--pin"])).code).toBe(0);
  const [image] = pick("flannel-cni-plugin");
  expect(readArtifacts(listFile)?.artifacts.at(-1)).toEqual(image);
  expect(readFileSync(listFile.replace(".json", ".unpinned.json"), "utf8").trim()).toBe("[]");
});

it("goes on with a download where it broke off", async () => {
  files.breakAfter = 100_000;
  const { code } = await workspace.mirror(from);
  expect(code).toBe(0);
  const [path] = pick("kubectl").map((artifact) => artifact.path);
  expect(files.requests.slice(0, 2)).toEqual([
    `/${path ?? ""} 0`,
    expect.stringMatching(new RegExp(`^/${path ?? ""} [1-9]`)),
  ]);
});

it("refuses a file with another checksum, names it, and keeps nothing of it", async () => {
  const [file] = pick("crictl");
  appendFileSync(join(workspace.home, "upstream", file?.path ?? ""), "x");
  writeList(pick("crictl"));
  const { code, lines } = await workspace.mirror(from);
  const sha256 = file?.kind === "file" ? file.sha256 : "";
  expect([code, lines.join("\n")]).toEqual([
    1,
    expect.stringMatching(
      new RegExp(
        `^mirror: crictl 1\\.30\\.0 — wrong checksum from http:\\S+ \\(got sha256 [0-9a-f]{64}, need ${sha256}\\) — `,
      ),
    ),
  ]);
  expect(kept()).toEqual([]);
  expect(existsSync(layout.artifactsFile)).toBe(false);
});

it("refuses an image that upstream doesn't have under its digest", async () => {
  writeList(pick("pause").map((artifact) => ({ ...artifact, digest: `sha256:${"0".repeat(64)}` })));
  const { code, lines } = await workspace.mirror(from);
  expect([code, lines.join("\n")]).toEqual([
    1,
    expect.stringMatching(
      /^mirror: crane copy 127\.0\.0\.1:\d+\/registry\.k8s\.io\/pause@sha256:0{64} — failed \(exit 1\)/,
    ),
  ]);
  expect(layout.storedDigest("registry.k8s.io/pause:3.9")).toBeUndefined();
});

it("says which file upstream doesn't have", async () => {
  writeList(pick("kubelet"));
  const { code, lines } = await workspace.mirror(from);
  expect([code, lines[0]]).toEqual([
    1,
    expect.stringMatching(/^mirror: kubelet: download of http:\S+kubelet — failed \(exit 22\)/),
  ]);
  expect(kept()).toEqual([]);
});
