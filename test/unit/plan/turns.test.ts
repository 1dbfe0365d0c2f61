/** What a plan says of the order in which nodes are drained, as exact sentences. */
import { expect, it } from "vitest";
import { planOf } from "../../../scripts/stack/plan/plan";
import { TOKENS } from "../../../components/tokens";
import { clusterStep, digestOf, machineStep, type Nodes, type Stack } from "./digests";

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
  expect(risks(CLUSTER, turning, before ?? {}, after ?? {}).at(-1)).toBe(sentence);
  expect(risks(CLUSTER, turning, at("1.27.3"), { ...after, version: "1.27.4" }).at(-1)).toBe(sentence);
  expect(risks(CLUSTER, turning, after ?? {}, after ?? {}).join()).not.toContain("Certificates");
});

it("another endpoint names the control planes that get a certificate for it, and no restart", () => {
  const [before, after] = ["", "api.example.org"].map((endpointName) => ({ ...at("1.27.4"), endpointName }));
  const turning = ["cp-1", "cp-2", "cp-3"];
  expect(risks(CLUSTER, turning, before ?? {}, after ?? {}).at(-1)).toBe(
    "The API's certificate is issued for api.example.org too: cp-1, cp-2, cp-3, one after the other. Nothing restarts. The " +
      "operator's kubeconfig has that name afterwards.",
  );
  expect(risks(CLUSTER, turning, after ?? {}, after ?? {}).join()).not.toContain("The API's certificate");
  expect(risks(CLUSTER, turning, after ?? {}, before ?? {}).join()).not.toContain("The API's certificate");
});

it("a living cluster that gets hardened names its control planes, what restarts, and what can't be taken back", () => {
  const hardened = { ...at("1.27.4"), hardening: "cis" };
  const sentences = risks(CLUSTER, [], at("1.27.4"), hardened);
  expect(sentences).toHaveLength(3);
  expect(sentences[0]).toBe(
    "The cluster is hardened: cp-1, cp-2, cp-3, one after the other. API server, controller manager and scheduler of each restart, " +
      "one at a time; each node's kubelet restarts in its turn. No pod is drained for it.",
  );
  expect(sentences[1]).toContain("all Secrets in etcd are written again, encrypted. That can't be taken back.");
  expect(sentences[2]).toContain("level baseline");
  expect(risks(CLUSTER, [], hardened, hardened)).toEqual([]);
  expect(risks(CLUSTER, [], at("1.27.4"), { ...at("1.27.4"), hardening: { off: "a reason given" } })).toEqual([
    "The cluster is not hardened: “a reason given”.",
  ]);
});

/** The plan of guests that get another definition, with the steps that change with it. */
function restarts(
  nodes: Nodes,
  settings: NonNullable<Stack["settings"]>,
  more: Partial<Stack> = {},
): readonly string[] {
  const steps = Object.keys(settings).map((node) => clusterStep("update", node, "activation"));
  const facts = [at("1.27.4"), at("1.27.4")] as const;
  const stack = { nodes, settings, machine: TOKENS.libvirtMachine, facts, ...more };
  return planOf("test", digestOf(stack, steps)).risks;
}

const grown = [{ definition: "a" }, { definition: "b" }] as const;
const DRAINED =
  "each node is drained first, for at most 300 s, and a budget that keeps a pod longer stops the update there.";

it("machines that restart are listed in the order of their turns, with how long each is away", () => {
  expect(restarts(CLUSTER, { "worker-2": grown, "cp-3": grown, "cp-1": grown })).toEqual([
    "For other memory, processors or devices these machines restart, each in its node's turn: cp-1, cp-3, worker-2; " +
      DRAINED,
    "Control planes, one after the other: cp-1, cp-3; each away for about 60 s, 2 min in all, the API of the others answers " +
      "meanwhile.",
    "Workers, one at a time: worker-2; each away for about 45 s.",
  ]);
});

it("a container restarts sooner than a guest, and the only control plane takes the API with it", () => {
  const nodes: Nodes = { "cp-1": "control-plane", "worker-1": "worker", "worker-2": "worker" };
  expect(restarts(nodes, { "cp-1": grown }, { machine: TOKENS.localMachine })[1]).toBe(
    "Control planes, one after the other: cp-1; each away for about 30 s, the API is away as long.",
  );
});

it("a restart and an upgrade of a node are one turn, whose times add up", () => {
  const facts = [at("1.27.3"), at("1.27.4")] as const;
  expect(restarts(CLUSTER, { "cp-1": grown, "cp-2": [{ definition: "a" }, { definition: "a" }] }, { facts })).toEqual([
    expect.stringMatching(/^Kubernetes becomes 1\.27\.4/),
    "For other memory, processors or devices these machines restart, each in its node's turn: cp-1, the turn of the upgrade.",
    "Control planes, one after the other: cp-1, cp-2; each away for about 120 s, 4 min in all, the API of the others " +
      "answers meanwhile.",
  ]);
});

it("the only node that takes pods keeps them, and its downtime is named", () => {
  expect(restarts({ "cp-1": "control-plane" }, { "cp-1": grown }).at(-1)).toBe(
    "cp-1 is the only node that takes pods: they are not evicted, and are away with it for about 60 s.",
  );
  const upgraded = risks({ "cp-1": "control-plane", "worker-1": "worker" }, ["worker-1"], at("1.27.3"), at("1.27.4"));
  expect(upgraded.at(-1)).toBe(
    "worker-1 is the only node that takes pods: they are not evicted, and run on while its kubelet restarts.",
  );
  const two: Nodes = { "cp-1": "control-plane", "cp-2": "control-plane" };
  expect(restarts(two, { "cp-1": grown }).join()).not.toMatch(/only node/);
});

it("a machine that is replaced, or new, does not restart; one whose definition was never recorded may", () => {
  const steps = [machineStep("replace", "cp-1", TOKENS.libvirtMachine)];
  const settings = { "cp-1": grown, "cp-2": [{}, { definition: "b" }] } as const;
  const stack = { nodes: CLUSTER, settings, machine: TOKENS.libvirtMachine };
  expect(planOf("test", digestOf(stack, steps)).risks.slice(1)).toEqual([
    "Whether these machines restart is known only during the update: cp-2. One that does is drained first, in its node's turn.",
  ]);
});
