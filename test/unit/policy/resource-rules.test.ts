/** Each rule about one resource: what keeps it, and every way to break it. That Pulumi calls them: test/policy. */
import { describe, expect, it } from "vitest";
import { TOKENS } from "../../../components/tokens";
import { UNKNOWN } from "../../../policy/resource";
import { fixedVersions, pinnedImages } from "../../../policy/rules/artifacts";
import { pinnedDownloads } from "../../../policy/rules/downloads";
import { protectedKeys } from "../../../policy/rules/protected-keys";
import { hostKeys, noTriggersWithDelete, silentCommands } from "../../../policy/rules/remote-commands";
import { check, command, resource } from "./resources";

const DIGEST = `sha256:${"0a".repeat(32)}`;
const connection = { host: "192.0.2.11", user: "root", privateKey: "KEY" };
const MISSING = "connection.hostKey is missing: whoever answers at that address would be trusted";

describe("host-keys", () => {
  it.each([
    ["a connection with a host key", command(), []],
    ["a host key that isn't known yet", command({ connection: { ...connection, hostKey: UNKNOWN } }), []],
    ["a connection that isn't known yet", command({ connection: UNKNOWN }), []],
    ["no host key", command({ connection }), [MISSING]],
    ["an empty host key", command({ connection: { ...connection, hostKey: "" } }), [MISSING]],
    ["no connection", command({ connection: undefined }), [MISSING]],
    ["a file that is copied", resource("command:remote:CopyToRemote", { connection }), [MISSING]],
    ["a command on this computer", resource("command:local:Command", { create: "true" }), []],
  ])("%s", (_case, subject, expected) => {
    expect(check(hostKeys, subject)).toEqual(expected);
  });

  it("looks at the proxy, too", () => {
    const subject = command({ connection: { ...connection, hostKey: "ssh-ed25519 AAAA", proxy: { host: "jump" } } });
    expect(check(hostKeys, subject)).toEqual([
      "connection.proxy.hostKey is missing: whoever answers as the proxy would be trusted",
    ]);
  });
});

describe("silent-commands", () => {
  it.each([
    ["a silent one", command(), []],
    ["default logging", command({ logging: undefined }), ["logging is not set (need none)"]],
    ["logging of stderr", command({ logging: "stderr" }), ["logging is stderr (need none)"]],
    ["open outputs", command({}, { additionalSecretOutputs: [] }), ["stdout and stderr are not kept secret"]],
    ["one open output", command({}, { additionalSecretOutputs: ["stdout"] }), ["stderr is not kept secret"]],
    [
      "a loud one on this computer",
      resource("command:local:Command", { create: "true" }),
      ["logging is not set (need none)", "stdout and stderr are not kept secret"],
    ],
  ])("%s", (_case, subject, expected) => {
    expect(check(silentCommands, subject)).toEqual(expected);
  });
});

describe("no-triggers-with-delete", () => {
  const sentence = "has triggers and a delete: a replacement runs the old delete on the machine that was just set up";
  const late = { deleteBeforeReplace: false };
  it.each([
    ["both", command({ triggers: ["x"], delete: "rm" }, late), [sentence]],
    ["triggers that aren't known yet", command({ triggers: UNKNOWN, delete: "rm" }, late), [sentence]],
    ["both, deleted first", command({ triggers: ["x"], delete: "rm" }), []],
    ["triggers alone", command({ triggers: ["x"] }, late), []],
    ["no triggers", command({ triggers: [], delete: "rm" }, late), []],
  ])("%s", (_case, subject, expected) => {
    expect(check(noTriggersWithDelete, subject)).toEqual(expected);
  });
});

/** A Deployment with one container, and one init container without a fault. */
function deployment(image: string) {
  const pod = { containers: [{ image }], initContainers: [{ image: `r.example/init:1@${DIGEST}` }] };
  return resource("kubernetes:apps/v1:Deployment", { spec: { template: { spec: pod } } });
}

const PATH = "spec.template.spec.containers[0].image";

describe("pinned-images", () => {
  it.each([
    [`r.example/app:1.2.3@${DIGEST}`, []],
    [`r.example:5000/app@${DIGEST}`, []],
    ["r.example/app:1.2.3", [`${PATH} is "r.example/app:1.2.3" (need …@sha256:…): a tag can be moved`]],
    ["app@sha256:short", [`${PATH} is "app@sha256:short" (need …@sha256:…): a tag can be moved`]],
    ["me:secret@r.example/app", [`${PATH} is "…@r.example/app" (need …@sha256:…): a tag can be moved`]],
  ])("%s", (image, expected) => {
    expect(check(pinnedImages, deployment(image))).toEqual(expected);
  });

  it("finds containers wherever pods are described", () => {
    const pod = { spec: { containers: [{ image: "a:1" }] } };
    const cron = { spec: { jobTemplate: { spec: { template: pod } } } };
    expect(check(pinnedImages, resource("kubernetes:batch/v1:CronJob", cron))).toHaveLength(1);
    expect(check(pinnedImages, resource("kubernetes:core/v1:Pod", pod))).toHaveLength(1);
    expect(check(pinnedImages, resource("kubernetes:apps/v1:DaemonSet", { spec: { template: pod } }))).toHaveLength(1);
  });

  it("finds them in lists of pods, and of objects", () => {
    const pod = { spec: { containers: [{ image: `r.example/app:1@${DIGEST}` }, { image: "a:1" }] } };
    expect(check(pinnedImages, resource("kubernetes:example.org/v1:Group", { pods: [{ template: pod }] }))).toEqual([
      'pods[0].template.spec.containers[1].image is "a:1" (need …@sha256:…): a tag can be moved',
    ]);
    expect(check(pinnedImages, resource("kubernetes:core/v1:PodList", { items: [pod, pod] }))).toHaveLength(2);
  });
});

describe("pinned-downloads", () => {
  const sum = "ab".repeat(32);
  const file = { name: "kubelet", url: "https://dl/kubelet", sha256: sum };
  const lists = { files: [file], images: [{ reference: "r/x:1", digest: DIGEST }], prefetch: [] };
  const cluster = (worker: object | undefined, nodes: readonly object[] = [{ name: "w-1", role: "worker" }]) =>
    resource(TOKENS.kubernetesCluster, { nodes, downloads: { worker } });
  const hypervisor = (image: object) => resource(TOKENS.hypervisor, { image });
  const location = "https://x";
  it.each([
    ["pinned", cluster(lists), []],
    [
      "a file without a checksum",
      cluster({ ...lists, files: [file, { name: "kubeadm", url: "https://dl/y" }] }),
      ['downloads.worker.files has "kubeadm" without a pin (need sha256)'],
    ],
    [
      "an image without a digest",
      cluster({ ...lists, prefetch: [{ reference: "me:secret@r/x:1", digest: "sha256:short" }] }),
      ['downloads.worker.prefetch has "…@r/x:1" without a pin (need digest)'],
    ],
    [
      "a list of another name",
      cluster({ ...lists, files: undefined, downloads: [file] }),
      ["doesn't tell downloads.worker.files: nothing says what a worker downloads"],
    ],
    [
      "an empty list",
      cluster({ ...lists, images: [] }),
      ["doesn't tell downloads.worker.images: nothing says what a worker downloads"],
    ],
    [
      "a role without lists",
      cluster(undefined),
      ["files", "images", "prefetch"].map(
        (list) => `doesn't tell downloads.worker.${list}: nothing says what a worker downloads`,
      ),
    ],
    [
      "a cluster without nodes",
      cluster(lists, []),
      ["doesn't tell its nodes (inputs.nodes), so nothing says what they download"],
    ],
    ["a guest's image", hypervisor({ location, checksum: { algorithm: "sha256", hex: sum } }), []],
    ["a longer checksum", hypervisor({ location, checksum: { algorithm: "sha512", hex: sum + sum } }), []],
    [
      "a guest's image without a checksum",
      hypervisor({ location }),
      ['image is "https://x" without a pin (need checksum, sha256 or sha512)'],
    ],
    [
      "a hypervisor without an image",
      resource(TOKENS.hypervisor, {}),
      ["doesn't tell the image that its guests start from (inputs.image)"],
    ],
    ["what downloads nothing", command(), []],
  ])("%s", (_case, subject, expected) => {
    expect(check(pinnedDownloads, subject)).toEqual(expected);
  });
});

describe("fixed-versions", () => {
  const release = (version?: string) => resource("kubernetes:helm.sh/v3:Release", { chart: "redis", version });
  const application = (source: object) => resource("kubernetes:argoproj.io/v1alpha1:Application", { spec: { source } });
  it.each([
    ["a tag", deployment(`r.example/app:1.2@${DIGEST}`), []],
    ["a digest alone", deployment(`r.example/app@${DIGEST}`), []],
    ["latest", deployment(`r.example/app:latest@${DIGEST}`), [`${PATH} has the tag latest (need a version)`]],
    ["no tag", deployment("r.example:5000/app"), [`${PATH} has neither tag nor digest`]],
    ["an exact chart", release("1.2.3"), []],
    ["a chart in a range", release("^1.2.0"), ['version is "^1.2.0" (need an exact version)']],
    ["a chart with a wildcard", release("1.2.x"), ['version is "1.2.x" (need an exact version)']],
    ["the newest chart", release(), ["version is missing: the newest chart would be taken"]],
    ["a branch of Git", application({ repoURL: "ssh://git", path: "apps", targetRevision: "HEAD" }), []],
    [
      "a chart of an Application in a range",
      application({ repoURL: "https://charts", chart: "redis", targetRevision: "*" }),
      ['spec.source.targetRevision is "*" (need an exact version)'],
    ],
  ])("%s", (_case, subject, expected) => {
    expect(check(fixedVersions, subject)).toEqual(expected);
  });
});

describe("protected-keys", () => {
  const labels = { "sealedsecrets.bitnami.com/sealed-secrets-key": "active" };
  const sealingKey = { metadata: { labels }, data: { "tls.key": "KEY" } };
  const secret = (stack: string, protect: boolean) =>
    resource("kubernetes:core/v1:Secret", sealingKey, { stack, protect });
  const seed = resource(
    "random:index/randomPassword:RandomPassword",
    { length: 64 },
    {
      urn: `urn:pulumi:production::p::${TOKENS.hostKey}$random:index/randomPassword:RandomPassword::seed`,
    },
  );

  it.each([
    ["a sealing key in production", secret("production", false), 1],
    ["a protected one", secret("production", true), 0],
    ["one outside production", secret("staging", false), 0],
    ["another Secret", resource("kubernetes:core/v1:Secret", { metadata: {} }, { stack: "production" }), 0],
    ["what a host key is made from", seed, 1],
    ["another password", resource("random:index/randomPassword:RandomPassword", {}, { stack: "production" }), 0],
  ])("%s", (_case, subject, count) => {
    expect(check(protectedKeys, subject)).toHaveLength(count);
  });

  it("looks at the stacks that a site calls production", () => {
    expect(check(protectedKeys, secret("paris", false), { stacks: ["paris"] })).toEqual([
      "holds a sealing key and is not protected: what Git has sealed with it would stay shut",
    ]);
  });
});
