/** What a plan says of the order in which nodes are drained, as exact sentences. */
import { expect, it } from "vitest";
import { planOf } from "../../../scripts/stack/plan/plan";
import { clusterStep, digestOf, type Nodes } from "./digests";

const CLUSTER: Nodes = {
  ...{ "cp-1": "control-plane", "cp-2": "control-plane", "cp-3": "control-plane" },
  ...{ "worker-1": "worker", "worker-2": "worker", "worker-3": "worker" },
};

function risks(nodes: Nodes, turning: readonly string[], before: object, after: object): readonly string[] {
  const steps = turning.map((node) => clusterStep("update", node, "activation"));
  return planOf("test", digestOf({ nodes, facts: [before, after] }, steps)).risks;
}

const at = (version: string, maxUnavailable = 1): object => ({ version, maxUnavailable, drainTimeoutSeconds: 300 });

it("an upgrade lists its nodes in order, with what each loses and for how long", () => {
  expect(risks(CLUSTER, Object.keys(CLUSTER).reverse(), at("1.27.3"), at("1.27.4", 2))).toEqual([
    "Kubernetes becomes 1.27.4 (was 1.27.3), node by node; each is drained first, for at most 300 s, and a budget that " +
      "keeps a pod longer stops the update there.",
    "Control planes, one after the other: cp-1, cp-2, cp-3; each away for about 60 s, 3 min in all, the API of the others " +
      "answers meanwhile.",
    "Workers, 2 at a time: worker-1, worker-2, worker-3; each away for about 20 s, 1 min in all.",
  ]);
});

it("the API of a single control plane is away", () => {
  expect(risks({ "cp-1": "control-plane" }, ["cp-1"], at("1.27.3"), at("1.27.4"))[1]).toBe(
    "Control planes, one after the other: cp-1; each away for about 60 s, the API is away while its server restarts.",
  );
});

it("of the same version, only nodes that may have something to take over are named", () => {
  expect(risks(CLUSTER, ["worker-1", "cp-2"], at("1.27.4"), at("1.27.4"))).toEqual([
    "What containerd or the kubelet would restart for is staged, and taken over one node at a time, drained: cp-2, worker-1. " +
      "A node for which it changes nothing is not touched.",
  ]);
  expect(risks(CLUSTER, [], at("1.27.4"), at("1.27.4"))).toEqual([]);
});

it("a renewal names the control planes, the date that is its reason, and what restarts", () => {
  const [before, after] = ["", "2027-12-01T10:00:00Z"].map((renewed) => ({ ...at("1.27.4"), renewed }));
  const sentence =
    "Certificates that end on 2027-12-01 or before are renewed: cp-1, cp-2, cp-3, one after the other. No pod is drained; " +
    "etcd, API server, controller manager and scheduler of each restart, one at a time.";
  const turning = ["cp-1", "cp-2", "cp-3"];
  expect(risks(CLUSTER, turning, before ?? {}, after ?? {})[0]).toBe(sentence);
  expect(risks(CLUSTER, turning, at("1.27.3"), { ...after, version: "1.27.4" }).at(-1)).toBe(sentence);
  expect(risks(CLUSTER, turning, after ?? {}, after ?? {}).join()).not.toContain("Certificates");
});
