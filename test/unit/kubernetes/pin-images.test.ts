// Proves which images get a digest. That the digest is the right one is the artifact list's business.
import { describe, expect, it } from "vitest";
import { fullReference, pinImages } from "../../../components/artifacts/pin-images";

const LIST = [
  { kind: "image" as const, name: "redis", version: "7", path: "docker.io/library/redis:7", digest: "sha256:aa" },
  { kind: "file" as const, name: "kubelet", version: "1", path: "docker.io/library/redis:8", sha256: "bb" },
];

describe("pinImages", () => {
  it.each([
    ["redis:7", "docker.io/library/redis:7@sha256:aa"],
    ["docker.io/library/redis:7", "docker.io/library/redis:7@sha256:aa"],
    ["redis:7@sha256:cc", "redis:7@sha256:cc"],
  ])("%s becomes %s", (image, expected) => {
    const pod = { kind: "Pod", spec: { initContainers: [{ image }], containers: [{ name: "a", image }] } };
    const before = JSON.stringify(pod);
    expect(pinImages([pod], LIST)).toEqual([
      { kind: "Pod", spec: { initContainers: [{ image: expected }], containers: [{ name: "a", image: expected }] } },
    ]);
    expect(JSON.stringify(pod)).toBe(before);
  });

  it("refuses images that the list doesn't hold, all at once", () => {
    const pod = {
      spec: { initContainers: [{ image: "redis:8" }], containers: [{ image: "quay.io/library/redis:7" }] },
    };
    expect(() => pinImages([pod], LIST)).toThrow(
      "artifacts — hold no digest of redis:8, quay.io/library/redis:7 — generate the list for these versions again",
    );
  });

  it("finds containers at any depth, and leaves other images alone", () => {
    const cronJob = { spec: { jobTemplate: { spec: { containers: [{ image: "redis:7" }] } }, image: "redis:7" } };
    expect(pinImages([cronJob], LIST)).toEqual([
      {
        spec: {
          jobTemplate: { spec: { containers: [{ image: "docker.io/library/redis:7@sha256:aa" }] } },
          image: "redis:7",
        },
      },
    ]);
  });
});

it.each([
  ["redis", "docker.io/library/redis"],
  ["bitnami/x:1", "docker.io/bitnami/x:1"],
  ["localhost/x:1", "localhost/x:1"],
  ["registry:5000/x:1", "registry:5000/x:1"],
])("fullReference(%s) is %s", (image, expected) => {
  expect(fullReference(image)).toBe(expected);
});
