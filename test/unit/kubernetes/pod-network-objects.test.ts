// Proves the changes to flannel's manifest and that every image of the pod network can be pinned.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flannelObjects, kubeRouterObjects } from "../../../components/kubernetes/pod-network-objects";

const MANIFEST = readFileSync(
  join(__dirname, "../../../components/kubernetes/manifests/kube-flannel-v0.26.7.yaml"),
  "utf8",
);

describe("flannelObjects", () => {
  const objects = flannelObjects(MANIFEST, "10.200.0.0/16");
  const ofKind = (kind: string) => objects.find((object) => object.kind === kind) as never;

  it("keeps every object of the manifest", () => {
    expect(objects.map((object) => object.kind)).toEqual([
      "Namespace",
      "ClusterRole",
      "ClusterRoleBinding",
      "ServiceAccount",
      "ConfigMap",
      "DaemonSet",
    ]);
  });

  it("sets the pod network and nothing else of the configuration", () => {
    const { data } = ofKind("ConfigMap") as { data: Record<string, string> };
    expect(JSON.parse(data["net-conf.json"] ?? "")).toEqual({
      Network: "10.200.0.0/16",
      EnableNFTables: false,
      Backend: { Type: "vxlan" },
    });
  });

  it("uses the interface of the node's own address", () => {
    const text = JSON.stringify(ofKind("DaemonSet"));
    expect(text).toContain('"args":["--ip-masq","--kube-subnet-mgr","--iface=$(NODE_ADDRESS)"]');
    expect(text).toContain('{"name":"NODE_ADDRESS","valueFrom":{"fieldRef":{"fieldPath":"status.hostIP"}}}');
  });

  it("refuses another manifest", () => {
    expect(() => flannelObjects("kind: Namespace\n", "10.200.0.0/16")).toThrow(
      "flannel manifest: has no ConfigMap or no DaemonSet; take the manifest of a supported version",
    );
  });
});

it("kube-router only filters", () => {
  const text = JSON.stringify(kubeRouterObjects("2.1.0", "10.96.0.0/12"));
  expect(text).toContain(
    '"args":["--run-router=false","--run-firewall=true","--run-service-proxy=false","--service-cluster-ip-range=10.96.0.0/12","--v=1"]',
  );
});
