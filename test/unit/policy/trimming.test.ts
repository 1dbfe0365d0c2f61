/** What rules never look at is not decoded, and nothing else is lost. */
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { describe, expect, it } from "vitest";
import { isLookedAt, isLookedAtTogether, withoutValues } from "../../../policy/trimming";

function request(type: string): analyzer.AnalyzeRequest {
  const message = new analyzer.AnalyzeRequest();
  message.setType(type);
  message.setProperties(Struct.fromJavaScript({ spec: { group: "example.org" } }));
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

describe("a trimmed request", () => {
  const trimmed = (type: string, wanted: boolean): analyzer.AnalyzeRequest =>
    analyzer.AnalyzeRequest.deserializeBinary(withoutValues(request(type).serializeBinary(), () => wanted));

  it("keeps what is looked at", () => {
    const message = trimmed("kubernetes:apps/v1:Deployment", true);
    expect(message.getProperties()?.toJavaScript()).toEqual({ spec: { group: "example.org" } });
    expect([message.getType(), message.getUrn(), message.getName(), message.getOptions()?.getProtect()]).toEqual([
      "kubernetes:apps/v1:Deployment",
      "urn:pulumi:s::p::t::n",
      "n",
      true,
    ]);
  });

  it("has no values otherwise, and never the provider's", () => {
    const message = trimmed("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", false);
    expect(message.getProperties()?.toJavaScript()).toEqual({});
    expect(message.getProvider()).toBeUndefined();
    expect(message.getUrn()).toBe("urn:pulumi:s::p::t::n");
  });
});

it.each([
  ["kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", false, false],
  ["kubernetes:core/v1:Secret", true, false],
  ["command:remote:Command", true, true],
  ["gitops-platform:kubernetes:KubernetesCluster", true, true],
  ["pulumi:pulumi:Stack", true, true],
])("%s", (type, alone, together) => {
  expect([isLookedAt(type), isLookedAtTogether(type)]).toEqual([alone, together]);
});
