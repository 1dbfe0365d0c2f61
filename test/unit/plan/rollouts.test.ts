/** What a plan says of parts on the cluster that get another version, as exact sentences. */
import { expect, it } from "vitest";
import { TOKENS } from "../../../components/tokens";
import type { Step } from "../../../scripts/stack/plan/digest";
import { planOf } from "../../../scripts/stack/plan/plan";
import { digestOf, step } from "./digests";

function updated(types: readonly string[], name: string, before: object, after: object): Step {
  const state = (inputs: object) => ({
    ...{ type: types.at(-1) ?? "", custom: types.length > 1 },
    inputs: inputs as Record<string, unknown>,
  });
  return step("update", types, name, { oldState: state(before), newState: state(after) });
}

const risks = (...steps: Step[]): readonly string[] =>
  planOf("test", digestOf({ "cp-1": "control-plane" }, steps)).risks;

it("names the versions, what happens meanwhile, and what stays", () => {
  expect(
    risks(
      updated([TOKENS.argoCd], "argocd", { version: "2.7.15" }, { version: "2.13.9" }),
      updated([TOKENS.sealedSecrets], "sealed-secrets", { chart: "2.18.4" }, { chart: "2.18.5" }),
    ),
  ).toEqual([
    "Argo CD becomes 2.13.9 (was 2.7.15): its definitions change first, then its parts restart, and nothing is synced until " +
      "they are back. Applications and what they deployed stay. There is no way back to the older version.",
    "Sealed Secrets' chart becomes 2.18.5 (was 2.18.4): its controller restarts, and opens nothing new meanwhile; keys and " +
      "opened Secrets stay.",
  ]);
});

it("names the pod network's pods that start again, whatever changed in them", () => {
  const daemons = ["kube-flannel-ds", "kube-router"].map((name) =>
    updated([TOKENS.podNetwork, "kubernetes:apps/v1:DaemonSet"], `pod-network-daemonset-${name}`, {}, { spec: {} }),
  );
  const again =
    "The pod network's pods start again, one node at a time: pod-network-daemonset-kube-flannel-ds, " +
    "pod-network-daemonset-kube-router. Pods keep their connections; a changed network policy is enforced on a node once its " +
    "pod is back.";
  const network = (from: string, to: string): Step =>
    updated(
      [TOKENS.podNetwork],
      "pod-network",
      { flannel: from, kubeRouter: "2.1.0" },
      { flannel: to, kubeRouter: "2.1.0" },
    );
  expect(risks(...daemons)).toEqual([again]);
  expect(risks(network("0.26.6", "0.26.7"), ...daemons)).toEqual(["flannel becomes 0.26.7 (was 0.26.6).", again]);
});

it("says nothing of what is made, or stays of its version", () => {
  expect(risks(updated([TOKENS.argoCd], "argocd", {}, { version: "2.13.9" }))).toEqual([]);
  expect(risks(updated([TOKENS.argoCd], "argocd", { version: "2.13.9" }, { version: "2.13.9", other: 1 }))).toEqual([]);
});
