import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../protocol/property-value";
import { parseJsonPath, select } from "../../kubernetes/readiness/json-path";
import { parseWaitFor } from "../../kubernetes/readiness/wait-for";
import type { RuleContext } from "../../kubernetes/readiness/verdict";

const OBJECT: JsonObject = {
  metadata: { labels: { "app.kubernetes.io/name": "x" } },
  status: {
    phase: "Running",
    ready: 2,
    sync: { status: "Synced" },
    conditions: [
      { type: "Ready", status: "True" },
      { type: "Degraded", status: "False", message: "all fine" },
    ],
  },
};

describe("a JSONPath", () => {
  it.each([
    [".status.phase", ["Running"]],
    ["$.status.phase", ["Running"]],
    [".metadata.labels['app.kubernetes.io/name']", ["x"]],
    ['.metadata.labels["app.kubernetes.io/name"]', ["x"]],
    [".status.conditions[0].type", ["Ready"]],
    [".status.conditions[-1].type", ["Degraded"]],
    [".status.conditions[*].type", ["Ready", "Degraded"]],
    ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
    ["$.status.conditions[?@.type == 'Degraded'].status", ["False"]],
    ['.status.conditions[?(@.type!="Ready")].type', ["Degraded"]],
    [".status.missing.deeper", []],
  ])("%s selects %j", (path, expected) => {
    expect(select(OBJECT, parseJsonPath(path))).toEqual(expected);
  });

  it("that can't be read says from where on", () => {
    expect(() => parseJsonPath(".status.items[?(@.a>1)]")).toThrow('can\'t be read from "[?(@.a>1)]" on');
  });
});

describe("pulumi.com/waitFor", () => {
  const judge = (annotation: string) => parseWaitFor(annotation)(OBJECT, {} as RuleContext);

  it.each([
    "jsonpath={.status.phase}=Running",
    "jsonpath={ .status.ready }=2",
    "jsonpath={.status.sync}",
    "condition=Ready",
    "condition=Degraded=False",
    '["condition=Ready", "jsonpath={.status.sync.status}=Synced"]',
  ])("%s holds", (annotation) => {
    expect(judge(annotation)).toEqual({ ready: true });
  });

  it.each([
    ["jsonpath={.status.phase}=Done", "{.status.phase} is Running (need Done) — all fine"],
    ["jsonpath={.status.address}", "{.status.address} is not there — all fine"],
    ["condition=Degraded", "condition Degraded is False (need True): all fine"],
    ["condition=Gone", "condition Gone is not there (need True)"],
    ['["condition=Ready", "condition=Gone"]', "condition Gone is not there (need True)"],
  ])("%s waits", (annotation, state) => {
    expect(judge(annotation)).toEqual({ ready: false, state });
  });

  it("says which parts of an Application are not healthy", () => {
    const part = (name: string, status: string) => ({ kind: "Application", name, health: { status } });
    const resources = [part("web", "Healthy"), part("store", "Progressing"), { kind: "ConfigMap", name: "plain" }];
    const root = { ...OBJECT, status: { health: { status: "Progressing" }, resources } };
    expect(parseWaitFor("jsonpath={.status.health.status}=Healthy")(root, {} as RuleContext)).toEqual({
      ready: false,
      state: "{.status.health.status} is Progressing (need Healthy) — Application store is Progressing",
    });
  });

  it.each(["Ready", "[]", "jsonpath=.status.phase", "condition="])("%s is refused", (annotation) => {
    expect(() => judge(annotation)).toThrow("pulumi.com/waitFor — not understood");
  });
});
