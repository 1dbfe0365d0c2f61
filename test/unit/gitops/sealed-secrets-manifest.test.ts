/** What becomes of the official chart of Sealed Secrets. Doesn't prove that the controller opens anything. */
import { describe, expect, it } from "vitest";
import { readManifest } from "../../../components/gitops/manifest";
import type { KubernetesObject } from "../../../components/objects/kubernetes-object";
import { sealedSecretsObjects } from "../../../components/gitops/sealed-secrets-manifest";

interface Controller {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations: Record<string, string> };
      readonly spec: { readonly containers: readonly Record<string, unknown>[] };
    };
  };
}

const controller = (objects: readonly KubernetesObject[]): Controller =>
  objects.find(({ kind }) => kind === "Deployment") as unknown as Controller;

describe("the chart 2.18.4 of Sealed Secrets", () => {
  const official = readManifest("sealed-secrets-2.18.4.yaml");
  const objects = sealedSecretsObjects(official, ["sealed-secrets-key-b", "sealed-secrets-key-a"]);

  it("keeps every object", () => {
    expect(objects.map(({ kind, metadata }) => [kind, metadata.name])).toEqual(
      official.map(({ kind, metadata }) => [kind, metadata.name]),
    );
  });

  it("runs the controller where kubeseal looks for it", () => {
    const { metadata } = controller(objects);
    expect([metadata.namespace, metadata.name]).toEqual(["kube-system", "sealed-secrets-controller"]);
    const services = objects.filter(({ kind }) => kind === "Service").map(({ metadata: { name } }) => name);
    expect(services).toContain("sealed-secrets-controller");
  });

  it("never lets the controller make keys of its own later", () => {
    const [container] = controller(objects).spec.template.spec.containers;
    expect((container?.["args"] as string[]).slice(0, 3)).toEqual(["--update-status", "--key-renew-period", "0"]);
  });

  it("reserves little, probes soon and asks no registry at a restart", () => {
    expect(controller(objects).spec.template.spec.containers[0]).toMatchObject({
      imagePullPolicy: "IfNotPresent",
      resources: { requests: { cpu: "20m", memory: "64Mi" } },
      readinessProbe: { httpGet: { path: "/healthz", port: "http" }, initialDelaySeconds: 1, periodSeconds: 2 },
    });
  });

  it("starts the controller again for another key, and not for another order", () => {
    const annotations = { "sealing-keys": "sealed-secrets-key-a,sealed-secrets-key-b" };
    expect(controller(objects).spec.template.metadata.annotations).toEqual(annotations);
    const turned = sealedSecretsObjects(official, ["sealed-secrets-key-a", "sealed-secrets-key-b"]);
    expect(turned).toEqual(objects);
  });

  it("has no field without a value, which the rendered chart has", () => {
    expect(JSON.stringify(objects)).not.toContain(":null");
  });
});
