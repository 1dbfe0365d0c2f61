import { expect, test } from "vitest";
import { pathSteps, refreshedFindings, unreadyObjects } from "../../../scripts/stack/drift/refreshed";
import { SIGNATURE } from "../../../scripts/lib/stack-state";

const SECRET = {
  [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270",
  plaintext: '"verysecretword"',
};
const urn = (type: string, name: string): string => `urn:pulumi:t::gitops-platform::${type}::${name}`;
const DEPLOYMENT = urn("kubernetes:apps/v1:Deployment", "two");
const CONFIG_MAP = urn("kubernetes:core/v1:ConfigMap", "cm");
const PASSWORD = urn("kubernetes:core/v1:Secret", "sec");

const deployment = {
  resources: [
    {
      urn: DEPLOYMENT,
      type: "kubernetes:apps/v1:Deployment",
      id: "default/two",
      inputs: { spec: { replicas: 1, template: { spec: { containers: [{ env: SECRET }] } } } },
    },
    {
      urn: CONFIG_MAP,
      type: "kubernetes:core/v1:ConfigMap",
      id: "default/cm",
      inputs: { data: { "a.b": "one\nline" }, metadata: { labels: {} } },
    },
    { urn: PASSWORD, type: "kubernetes:core/v1:Secret", id: "default/sec", inputs: { data: { password: "plain" } } },
  ],
};

/** As Pulumi 3.259.0 writes them with --event-log. */
const event = (metadata: object): never => ({ resOutputsEvent: { metadata } }) as never;

test("what is as it was is no finding", () => {
  expect(refreshedFindings(event({ op: "same", urn: DEPLOYMENT, detailedDiff: {} }), deployment)).toEqual([]);
  expect(refreshedFindings({}, deployment)).toEqual([]);
});

test("a deleted object", () => {
  expect(refreshedFindings(event({ op: "delete", urn: DEPLOYMENT, new: null }), deployment)).toEqual([
    {
      where: "cluster",
      what: "Deployment default/two",
      expected: "there",
      found: "deleted",
      cure: "pulumi up --refresh",
    },
  ]);
});

/** The findings of an update as one line each. */
function updated(of: string, paths: readonly string[], inputs: object): string[] {
  const detailedDiff = Object.fromEntries(paths.map((path) => [path, { diffKind: "update", inputDiff: true }]));
  return refreshedFindings(event({ op: "update", urn: of, new: { inputs }, detailedDiff }), deployment).map(
    ({ what, expected, found }) => `${what} | ${expected} | ${found}`,
  );
}

test("each changed field, with both values on one line", () => {
  expect(updated(DEPLOYMENT, ["spec.replicas"], { spec: { replicas: 3 } })).toEqual([
    "Deployment default/two spec.replicas | 1 | 3",
  ]);
  const changed = { data: { "a.b": "x".repeat(80) } };
  expect(updated(CONFIG_MAP, ['data["a.b"]', 'metadata.labels["a/b"]'], changed)).toEqual([
    `ConfigMap default/cm data["a.b"] | one line | ${"x".repeat(59)}…`,
    'ConfigMap default/cm metadata.labels["a/b"] | nothing | nothing',
  ]);
});

test.each([
  ["the contents of a Secret, marked or not", PASSWORD, "data.password", { data: { password: "other" } }],
  ["a value that is marked", DEPLOYMENT, "spec.template.spec.containers[0].env", {}],
  ["a value in one that is marked", DEPLOYMENT, "spec.template.spec.containers[0].env.x", {}],
  ["a value that one is in", DEPLOYMENT, "spec.template", { spec: { template: "other" } }],
])("%s is never shown", (_, of, path, inputs) => {
  const [line] = updated(of, [path], inputs);
  expect(line).toMatch(/ \| \[secret\] \| another value$/);
});

test("an object that is not ready is told, and is no finding", () => {
  const unready = event({
    op: "same",
    urn: DEPLOYMENT,
    new: { initErrors: ["Deployment default/two — not ready: 0 of 1"] },
  });
  expect(unreadyObjects(unready)).toEqual(["Deployment default/two — not ready: 0 of 1"]);
  expect(refreshedFindings(unready, deployment)).toEqual([]);
});

test("paths of properties", () => {
  expect(pathSteps('spec.containers[0].env["a.b/c"].x')).toEqual(["spec", "containers", "0", "env", "a.b/c", "x"]);
  expect(pathSteps('data["say \\"x\\""]')).toEqual(["data", 'say "x"']);
});
