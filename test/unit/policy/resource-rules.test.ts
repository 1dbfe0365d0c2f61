/** Each rule about one resource: what keeps it, and every way to break it. That Pulumi calls them: test/policy. */
import { describe, expect, it } from "vitest";
import { UNKNOWN } from "../../../policy/resource";
import { fixedVersions, pinnedDownloads, pinnedImages } from "../../../policy/rules/artifacts";
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
  const step = (...lines: string[]) => command({ stdin: [...lines, "set -euo pipefail"].join("\n") });
  it.each([
    [
      "pinned",
      step(
        `export FILES='kubelet https://dl/x ${sum}\nkubeadm https://dl/y ${sum}'`,
        `export IMAGES='r/x:1 ${DIGEST}'`,
      ),
      [],
    ],
    [
      "a file without a checksum",
      step(`export FILES='kubelet https://dl/x ${sum}\nkubeadm https://dl/y'`),
      ['FILES lists "kubeadm" without a pin (need "name url sha256")'],
    ],
    [
      "an image without a digest, after a value with a quote",
      step(`export NOTE='it'\\''s'`, `export PREFETCH_IMAGES='r/x:1'`),
      ['PREFETCH_IMAGES lists "r/x:1" without a pin (need "reference digest")'],
    ],
    ["a guest's image", step("export IMAGE_LOCATION='https://x'", `export IMAGE_CHECKSUM='sha256:${sum}'`), []],
    [
      "a guest's image without a checksum",
      step("export IMAGE_LOCATION='https://x'", "export IMAGE_CHECKSUM=''"),
      ['IMAGE_LOCATION is "https://x" without a pin (need IMAGE_CHECKSUM, sha256:… or sha512:…)'],
    ],
    ["nothing known yet", command({ stdin: UNKNOWN }), []],
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
      urn: "urn:pulumi:production::p::gitops-platform:machines:HostKey$random:index/randomPassword:RandomPassword::seed",
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
