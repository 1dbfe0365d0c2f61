/** What rules never look at is not decoded, and nothing else is lost. */
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { describe, expect, it } from "vitest";
import { lookedAt, type LookedAt, lookedAtTogether, trimmed } from "../../../policy/trimming";

const VALUES = { stdin: "export A='1'", connection: { host: "192.0.2.11" }, empty: null };

function request(): analyzer.AnalyzeRequest {
  const message = new analyzer.AnalyzeRequest();
  message.setType("command:remote:Command");
  message.setProperties(Struct.fromJavaScript(VALUES));
  message.setUrn("urn:pulumi:s::p::t::n");
  message.setName("n");
  const options = new analyzer.AnalyzerResourceOptions();
  options.setProtect(true);
  message.setOptions(options);
  const provider = new analyzer.AnalyzerProviderResource();
  provider.setProperties(Struct.fromJavaScript({ kubeconfig: "KEY" }));
  message.setProvider(provider);
  return message;
}

function resource(): analyzer.AnalyzerResource {
  const message = new analyzer.AnalyzerResource();
  message.setType("command:remote:Command");
  message.setProperties(Struct.fromJavaScript(VALUES));
  message.setUrn("urn:pulumi:s::p::t::n");
  message.setParent("urn:pulumi:s::p::t::parent");
  message.setDependenciesList(["urn:pulumi:s::p::t::other"]);
  message.getPropertydependenciesMap().set("stdin", new analyzer.AnalyzerPropertyDependencies());
  return message;
}

describe("a trimmed request", () => {
  const trim = (wanted: LookedAt): analyzer.AnalyzeRequest =>
    analyzer.AnalyzeRequest.deserializeBinary(trimmed(request().serializeBinary(), () => wanted));

  it.each<[LookedAt, object]>([
    ["all", VALUES],
    [["connection"], { connection: { host: "192.0.2.11" } }],
    [["empty", "missing"], { empty: null }],
    [[], {}],
  ])("has of its values %s", (wanted, expected) => {
    expect(trim(wanted).getProperties()?.toJavaScript()).toEqual(expected);
  });

  it("has everything else, but never the provider", () => {
    const message = trim([]);
    expect([message.getType(), message.getUrn(), message.getName(), message.getOptions()?.getProtect()]).toEqual([
      "command:remote:Command",
      "urn:pulumi:s::p::t::n",
      "n",
      true,
    ]);
    expect(message.getProvider()).toBeUndefined();
  });

  it("asks for the values by type and URN", () => {
    const asked: string[][] = [];
    trimmed(request().serializeBinary(), (...about) => {
      asked.push(about);
      return [];
    });
    expect(asked).toEqual([["command:remote:Command", "urn:pulumi:s::p::t::n"]]);
  });
});

it("a trimmed resource has its parent, and not what it depends on", () => {
  const message = analyzer.AnalyzerResource.deserializeBinary(trimmed(resource().serializeBinary(), () => []));
  expect(message.getParent()).toBe("urn:pulumi:s::p::t::parent");
  expect(message.getDependenciesList()).toEqual([]);
  expect(message.getPropertydependenciesMap().getLength()).toBe(0);
});

const COMMAND = ["connection", "delete", "logging", "stdin", "triggers"];
const urn = (types: string): string => `urn:pulumi:s::p::${types}::n`;

it.each<[string, LookedAt, LookedAt]>([
  ["kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", [], []],
  ["kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", [], []],
  ["kubernetes:core/v1:ConfigMap", [], []],
  ["kubernetes:core/v1:Service", [], []],
  ["kubernetes:core/v1:Secret", ["metadata"], []],
  ["kubernetes:core/v1:Pod", "all", []],
  ["kubernetes:core/v1:ReplicationController", "all", []],
  ["kubernetes:apps/v1:Deployment", "all", []],
  ["kubernetes:argoproj.io/v1alpha1:Application", "all", []],
  ["kubernetes:helm.sh/v3:Release", ["version"], []],
  ["command:remote:Command", COMMAND, []],
  ["command:remote:CopyToRemote", COMMAND, []],
  ["random:index/randomPassword:RandomPassword", [], []],
  ["gitops-platform:kubernetes:KubernetesCluster", [], "all"],
  ["pulumi:pulumi:Stack", [], ["notices"]],
])("%s", (type, alone, together) => {
  expect([lookedAt(type), lookedAtTogether(type, urn(type))]).toEqual([alone, together]);
});

it("of the commands, the rules about the whole stack look at the disk gate's", () => {
  const gate = urn("gitops-platform:disk-gate:DiskGate$command:remote:Command");
  expect(lookedAtTogether("command:remote:Command", gate)).toEqual(["connection"]);
});
