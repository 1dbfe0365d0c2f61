import { describe, expect, it } from "vitest";
import { diffProviderConfig, parseProviderConfig } from "../../kubernetes/provider-config";
import { Secret, UNKNOWN } from "../../protocol/property-value";
import { kubeconfigFor } from "./fake-api";

const replaced = (olds: object, news: object) =>
  [...diffProviderConfig(olds as never, news as never).changes]
    .filter(([, { replace }]) => replace)
    .map(([key]) => key);

describe("provider config", () => {
  it("reads switches as the SDK sends them, and from the environment", () => {
    process.env.PULUMI_K8S_DELETE_UNREACHABLE = "true";
    try {
      const config = parseProviderConfig({
        kubeconfig: new Secret("x"),
        enableSecretMutable: "true",
        enablePatchForce: "false",
      });
      expect(config).toMatchObject({
        kubeconfig: "x",
        enableSecretMutable: true,
        enablePatchForce: false,
        deleteUnreachable: true,
        upsertExistingObjects: false,
      });
    } finally {
      delete process.env.PULUMI_K8S_DELETE_UNREACHABLE;
    }
  });

  it("refuses what isn't covered", () => {
    expect(() => parseProviderConfig({ enableServerSideApply: "false" })).toThrow(
      "enableServerSideApply — not covered",
    );
    expect(() => parseProviderConfig({ renderYamlToDirectory: "x" })).toThrow("renderYamlToDirectory — not covered");
  });

  it("means the same cluster while the identifier stays", () => {
    const olds = { clusterIdentifier: "a", kubeconfig: kubeconfigFor("https://one") };
    expect(replaced(olds, { clusterIdentifier: "a", kubeconfig: UNKNOWN })).toEqual([]);
    expect(replaced(olds, { clusterIdentifier: "a", kubeconfig: kubeconfigFor("https://two") })).toEqual([]);
    expect(replaced(olds, { ...olds, clusterIdentifier: "b" })).toEqual(["clusterIdentifier"]);
  });

  it("without an identifier means the cluster that the kubeconfig selects", () => {
    const olds = { kubeconfig: kubeconfigFor("https://one") };
    expect(replaced(olds, { kubeconfig: UNKNOWN })).toEqual(["kubeconfig"]);
    expect(replaced(olds, { kubeconfig: kubeconfigFor("https://two") })).toEqual(["kubeconfig"]);
    expect(replaced(olds, { kubeconfig: ` ${kubeconfigFor("https://one")}` })).toEqual([]);
  });
});
