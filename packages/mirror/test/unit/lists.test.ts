import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ArtifactList } from "../../artifact";
import { artifactTable, readArtifacts, writeJson } from "../../publish/artifacts-file";
import { splitReference } from "../../publish/layout";
import { pinImages, readUpstreamLists, UPSTREAM_LIST } from "../../upstream/lists";
import { checksumsFile, VENDORED_MANIFESTS } from "../../vendor-manifests";

const PROJECT = join(__dirname, "../../../..");
let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "lists-"))));
afterEach(() => rmSync(directory, { recursive: true }));

const LIST: ArtifactList = {
  origin: "pinned by hand",
  artifacts: [
    { kind: "file", name: "kubelet", version: "1.27.16", path: "dl.k8s.io/kubelet", sha256: "ab".repeat(32) },
    {
      kind: "image",
      name: "pause",
      version: "3.9",
      path: "registry.k8s.io/pause:3.9",
      digest: `sha256:${"cd".repeat(32)}`,
    },
  ],
};

describe("a list of artifacts", () => {
  it("is written once, whole", async () => {
    const file = join(directory, "deep", "artifacts.json");
    expect(readArtifacts(file)).toBeUndefined();
    expect([await writeJson(file, LIST), await writeJson(file, LIST)]).toEqual([true, false]);
    expect(readArtifacts(file)).toEqual(LIST);
    expect(existsSync(`${file}.new`)).toBe(false);
  });

  it("says what to do when it is broken", () => {
    const file = join(directory, "artifacts.json");
    writeFileSync(file, "{");
    expect(() => readArtifacts(file)).toThrow(
      /artifacts\.json — is not JSON \(.*\) — delete it and run npm run mirror again/,
    );
  });

  it("reads as a table", () => {
    expect(artifactTable(LIST).split("\n")).toEqual([
      `NAME     VERSION  KIND   ${"CHECKSUM".padEnd(71)}  PATH`,
      `kubelet  1.27.16  file   sha256:${"ab".repeat(32)}  dl.k8s.io/kubelet`,
      `pause    3.9      image  sha256:${"cd".repeat(32)}  registry.k8s.io/pause:3.9`,
    ]);
  });
});

describe("splitReference", () => {
  it("keeps a port out of the tag", () => {
    expect(splitReference("registry.k8s.io/coredns/coredns:v1.10.1")).toEqual({
      repository: "registry.k8s.io/coredns/coredns",
      tag: "v1.10.1",
    });
    expect(() => splitReference("localhost:5000/pause")).toThrow("localhost:5000/pause has no tag");
  });
});

describe("the upstream list", () => {
  it("has a checksum of every file, no image twice, and names a host and a tag everywhere", () => {
    const { list, unpinned } = readUpstreamLists(UPSTREAM_LIST);
    const paths = [...list.artifacts, ...unpinned].map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) expect(path).toMatch(/^[a-z0-9.]+\.[a-z]+\/\S+$/);
    for (const { path } of unpinned) expect(splitReference(path).tag).not.toBe("latest");
    for (const artifact of list.artifacts) {
      if (artifact.kind === "file") expect(artifact.sha256, artifact.name).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it("moves an image over when it is pinned", async () => {
    const file = join(directory, "upstream.json");
    copyFileSync(UPSTREAM_LIST, file);
    const wanted = [{ name: "pause", version: "3.9", path: "registry.k8s.io/pause:3.9" }];
    writeFileSync(join(directory, "upstream.unpinned.json"), JSON.stringify(wanted));
    const before = readUpstreamLists(file).list.artifacts.length;
    await pinImages(file, LIST.artifacts);
    const { list, unpinned } = readUpstreamLists(file);
    expect([list.artifacts.length, list.artifacts.at(-1), unpinned]).toEqual([before + 1, LIST.artifacts[1], []]);
  });
});

describe("vendored manifests", () => {
  it.each(["components/gitops/manifests", "components/kubernetes/manifests"])(
    "%s has what its SHA256SUMS says",
    (folder) => {
      const names = VENDORED_MANIFESTS.filter(({ file }) => file.startsWith(`${folder}/`)).map(({ file }) =>
        file.slice(folder.length + 1),
      );
      const texts = new Map(names.map((name) => [name, readFileSync(join(PROJECT, folder, name), "utf8")]));
      expect(readFileSync(join(PROJECT, folder, "SHA256SUMS"), "utf8")).toBe(checksumsFile(texts));
    },
  );

  it("have the checksum that Argo CD 2.7.15's module gives", () => {
    const text = readFileSync(join(PROJECT, "components/gitops/manifests/argocd-v2.7.15-install.yaml"));
    const sha256 = createHash("sha256").update(text).digest("hex");
    expect(sha256).toBe("486267336129af0814d494529748c3ec3dfa8f2934ec9c2c8f202f9a0f8e38b5");
  });
});
