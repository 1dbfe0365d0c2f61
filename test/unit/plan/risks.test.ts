/** What stands out in a plan, as exact sentences. */
import { describe, expect, it } from "vitest";
import { TOKENS } from "../../../components/tokens";
import type { Step } from "../../../scripts/stack/plan/digest";
import { exitCodeOf, planOf } from "../../../scripts/stack/plan/plan";
import { clusterStep, digestOf, gateStep, machineStep, type Nodes, type Stack, step } from "./digests";

const THREE: Nodes = {
  ...{ "cp-1": "control-plane", "cp-2": "control-plane", "cp-3": "control-plane", "worker-1": "worker" },
};
const LOCAL = TOKENS.localMachine;

const risks = (stack: Nodes | Stack, ...steps: readonly Step[]): readonly string[] =>
  planOf("test", digestOf(stack, steps)).risks;
const replaced = (node: string): Step => machineStep("replace", node);

/** What an update deletes of a node that the configuration has no more. */
const removed = (node: string, role: string, machine: string = LOCAL): Step[] => [
  step("delete", [machine], node, { oldState: factsOf(node, role, machine) }),
  ...(machine === TOKENS.adoptedMachine ? [] : [machineStep("delete", node, machine)]),
  ...["prepare", "admission", "join", "membership"].map((kind) => clusterStep("delete", node, kind)),
  ...(role === "control-plane" ? [gateStep("delete", node)] : []),
  gateStep("delete", `${node}-together`),
];
const factsOf = (node: string, role: string, machine: string) => {
  const own = digestOf({ nodes: { [node]: role }, machine }, []).steps?.find(
    ({ newState }) => newState?.type === machine,
  );
  return own?.newState ?? { type: machine, custom: false };
};

describe("machines", () => {
  it("a replaced worker loses its disk", () => {
    expect(risks(THREE, replaced("worker-1"))).toEqual([
      "worker-1 is replaced: its disk is lost; its pods move to other nodes.",
    ]);
  });

  it("one of three control planes loses its etcd member, and the data stays", () => {
    expect(risks(THREE, replaced("cp-2"))).toEqual([
      "cp-2 is replaced: its disk is lost; its etcd member is lost, the others keep the data.",
    ]);
  });

  it("two of three take the majority with them, and that comes first", () => {
    expect(risks(THREE, replaced("worker-1"), replaced("cp-1"), replaced("cp-3"))).toEqual([
      "The cluster's data is lost: 2 of 3 etcd members would go, and etcd needs 2 to keep a majority. What is in Git " +
        "comes back, what is only in the cluster does not (docs/runbooks/lost-cluster.md).",
      "cp-1 is replaced: its disk is lost; its etcd member is lost.",
      "cp-3 is replaced: its disk is lost; its etcd member is lost.",
      "worker-1 is replaced: its disk is lost; its pods move to other nodes.",
    ]);
  });

  it("the only control plane is the cluster's data", () => {
    expect(risks({ "cp-1": "control-plane" }, replaced("cp-1"))[0]).toMatch(/^The cluster's data is lost: 1 of 1 etcd/);
  });

  it("three control planes become one in order: the members leave one by one, and the data stays", () => {
    const stack = {
      nodes: { "cp-1": "control-plane", "worker-1": "worker" },
      leaving: { "cp-2": "control-plane", "cp-3": "control-plane" },
    };
    const leave = "is deleted with its disk; its etcd member leaves the others first, which keep the data.";
    expect(risks(stack, ...removed("cp-2", "control-plane"), ...removed("cp-3", "control-plane"))).toEqual([
      `cp-2 ${leave}`,
      `cp-3 ${leave}`,
    ]);
  });

  it("one that leaves in order while another one is lost is one too many", () => {
    const stack = { nodes: { "cp-1": "control-plane", "cp-2": "control-plane" }, leaving: { "cp-3": "control-plane" } };
    expect(risks(stack, replaced("cp-2"), ...removed("cp-3", "control-plane"))).toEqual([
      "The cluster's data is lost: 1 of 3 etcd members would go, and etcd needs 2 to keep a majority. What is in Git " +
        "comes back, what is only in the cluster does not (docs/runbooks/lost-cluster.md).",
      "cp-2 is replaced: its disk is lost; its etcd member is lost.",
      "cp-3 is deleted with its disk; its etcd member leaves the others first, which keep the data.",
    ]);
  });

  it("nobody leaves in order when the founder, where their undo runs, is lost too", () => {
    const stack = { nodes: { "cp-1": "control-plane" }, leaving: { "cp-2": "control-plane", "cp-3": "control-plane" } };
    const gone = [...removed("cp-2", "control-plane"), ...removed("cp-3", "control-plane")];
    expect(risks(stack, replaced("cp-1"), ...gone)[0]).toMatch(/^The cluster's data is lost: 3 of 3 etcd/);
  });

  it("a server that somebody ordered stays, and is reset", () => {
    const stack = {
      ...{ nodes: { "cp-1": "control-plane", "cp-2": "control-plane" }, leaving: { "cp-3": "control-plane" } },
      machine: TOKENS.adoptedMachine,
    };
    expect(risks(stack, ...removed("cp-3", "control-plane", TOKENS.adoptedMachine))).toEqual([
      "cp-3 leaves the cluster and is reset; the server itself stays; its etcd member leaves the others first, which keep the data.",
    ]);
  });

  it("a worker that shared a disk was no control plane, and what was measured together goes without a word", () => {
    const stack = {
      ...{ nodes: { "cp-1": "control-plane" }, leaving: { "worker-2": "worker" }, machine: TOKENS.libvirtMachine },
    };
    const gone = removed("worker-2", "worker", TOKENS.libvirtMachine);
    expect(risks(stack, ...gone, gateStep("delete", "cp-1-together"))).toEqual([
      "worker-2 is deleted with its disk; its pods move to other nodes.",
    ]);
  });

  it("another host key is another server", () => {
    const settings = { "cp-2": [{ hostKey: "key-1" }, { hostKey: "key-2" }] as const };
    expect(risks({ nodes: THREE, machine: TOKENS.adoptedMachine, settings })).toEqual([
      "cp-2 has another host key: it is another server, which is set up anew; its etcd member is lost, the others keep the data.",
    ]);
  });

  it("a machine that is made, or whose steps run again, is no risk", () => {
    const again = clusterStep("update", "cp-2", "prepare", { detailedDiff: { stdin: { kind: "update" } } });
    expect(risks({ "cp-1": "control-plane" }, step("create", [LOCAL], "worker-1"), again)).toEqual([]);
  });

  it("a state of an older version doesn't say what goes, and the plan says so", () => {
    const digest = digestOf(THREE, [clusterStep("delete", "cp-2", "join"), gateStep("delete", "cp-2")]);
    const silent = (digest.steps ?? []).map((one) => {
      const { inputs: _facts, ...rest } = one.oldState ?? { type: "" };
      return one.oldState?.custom === false ? { op: one.op, urn: one.urn, oldState: rest as never } : one;
    });
    expect(planOf("test", { steps: silent }).risks).toEqual([
      "An older version made the state, which doesn't say which node these steps are for: disk-gate-cp-2, test-cp-2-join. " +
        "This list leaves out what is lost with them; run an update that removes nothing first, and look again.",
    ]);
  });
});

describe("names that look like something else", () => {
  it.each([
    ["a node called gate beside one called a", "test", { a: "control-plane", gate: "worker" }],
    ["nodes called join and membership", "test", { join: "control-plane", membership: "worker" }],
    ["nodes called prepare and join-prepare", "test", { prepare: "control-plane", "join-prepare": "worker" }],
    ["a node called together beside one that it seems to measure", "test", { a: "control-plane", together: "worker" }],
    ["a cluster whose name ends in a node's name", "prod-worker-1", { "cp-1": "control-plane", "worker-1": "worker" }],
    ["a cluster that is called like a node", "cp-1", { "cp-1": "control-plane", "worker-1": "worker" }],
  ])("%s: every step is at its node", (_what, cluster, nodes: Nodes) => {
    const [first = "", second = ""] = Object.keys(nodes);
    const steps = [
      gateStep("update", first),
      gateStep("update", `${first}-together`),
      gateStep("update", `${second}-together`),
      ...[first, second].flatMap((node) => [
        clusterStep("update", node, "prepare", {}, cluster),
        clusterStep("update", node, "join", {}, cluster),
      ]),
      clusterStep("update", second, "membership", {}, cluster),
      machineStep("replace", second),
    ];
    const plan = planOf("test", digestOf({ nodes, cluster }, steps));
    expect(plan.groups.map(({ title, changes }) => [title, changes.map(({ name }) => name).sort()])).toEqual([
      [
        `${first} (control-plane)`,
        [
          `disk-gate-${first}`,
          `disk-gate-${first}-together`,
          `${cluster}-${first}-join`,
          `${cluster}-${first}-prepare`,
        ].sort(),
      ],
      [
        `${second} (worker)`,
        [
          ...[`${second}-container`, `disk-gate-${second}-together`, `${cluster}-${second}-join`],
          ...[`${cluster}-${second}-membership`, `${cluster}-${second}-prepare`],
        ].sort(),
      ],
    ]);
    expect(plan.risks).toEqual([`${second} is replaced: its disk is lost; its pods move to other nodes.`]);
  });
});

describe("guests", () => {
  const machine = TOKENS.libvirtMachine;
  const size = (memoryMiB: number, hypervisor = "hv-1") => ({
    ...{ hypervisor, vcpus: 4, memoryMiB, diskGiB: 20 },
    definition: `of ${memoryMiB}`,
  });
  const guests = (settings: NonNullable<Stack["settings"]>, nodes: Nodes = THREE): Stack => ({
    nodes,
    machine,
    settings,
  });
  const script = (node: string): Step =>
    machineStep("update", node, machine, { detailedDiff: { stdin: { kind: "update" } } });

  it("another size is a restart in the node's turn, and shows at the machine; its definition doesn't", () => {
    const plan = planOf("test", digestOf(guests({ "cp-2": [size(8192), size(12288)] }), [script("cp-2")]));
    expect(plan.risks[0]).toMatch(/^For other memory, processors or devices these machines restart.*: cp-2;/);
    expect(plan.groups[0]?.changes.map(({ name, details }) => [name, details])).toEqual([
      ["cp-2", ["memoryMiB: 8192 → 12288"]],
      ["cp-2-guest", ["its script"]],
    ]);
  });

  it("another hypervisor or address is refused later; a bigger disk is nothing; a script that changes is none either", () => {
    const settings = {
      "cp-1": [size(1), size(1, "hv-2")],
      "cp-2": [
        { ...size(1), address: "192.0.2.12" },
        { ...size(1), address: "192.0.2.13" },
      ],
      "worker-1": [size(1), { ...size(1), diskGiB: 40 }],
    } as const;
    expect(risks(guests(settings), ...["cp-1", "cp-2", "cp-3", "worker-1"].map(script))).toEqual([
      "cp-1 would move from hv-1 to hv-2, which an update refuses (docs/guides/hypervisor.md).",
      "cp-2 would get another address, which an update refuses: its disks would be lost (docs/guides/hypervisor.md).",
    ]);
  });
});

describe("gates", () => {
  it("a deleted or replaced one measures again or no more", () => {
    expect(risks(THREE, gateStep("delete", "cp-1"), gateStep("replace", "cp-2"))).toEqual([
      "The disk gate of cp-1 is deleted: its kept measurement is lost.",
      "The disk gate of cp-2 is replaced: its disk is measured again.",
    ]);
  });

  it("a higher limit or an override stands out; a lower limit does not", () => {
    const gate = (before: object, after: object) => risks({ nodes: THREE, gate: [before, after] });
    const strict = { limitMs: 10, override: "" };
    expect(gate(strict, { limitMs: 20, override: "a trial" })).toEqual([
      "The disk gate is overridden, a slow disk passes: “a trial”.",
      "The disk gate lets slower disks pass: 10 ms → 20 ms.",
    ]);
    expect(gate(strict, { ...strict, limitMs: 5 })).toEqual([]);
    expect(gate({ ...strict, override: "a trial" }, strict)).toEqual([]);
  });
});

describe("the firewall", () => {
  it("stands out when it goes, with the reason; not while it stays away, nor when it comes", () => {
    const firewall = (before: object, after: object) =>
      risks({ nodes: THREE, facts: [{ firewall: before }, { firewall: after }] });
    const [on, off] = [{ apiSources: ["192.0.2.0/24"], nodePortSources: [] }, { off: "the site has one" }];
    expect(firewall(on, off)).toEqual(["The nodes have no firewall: “the site has one”."]);
    expect(firewall(off, off)).toEqual([]);
    expect(firewall(off, on)).toEqual([]);
    expect(firewall(on, { ...on, nodePortSources: ["0.0.0.0/0"] })).toEqual([]);
  });
});

describe("keys and what holds other things", () => {
  const SEED = [LOCAL, TOKENS.hostKey, "random:index/randomPassword:RandomPassword"];
  const HOST_KEY = step("same", [LOCAL, TOKENS.hostKey], "cp-1-host-key", { owner: "cp-1" });
  it.each([
    [
      step("delete", [TOKENS.sealedSecrets, "kubernetes:core/v1:Secret"], "sealed-secrets-key-1"),
      "The sealing key sealed-secrets-key-1 is deleted: what is sealed with it in Git can't be opened by the cluster any " +
        "more; seal it again with a key that stays first.",
    ],
    [
      step("replace", SEED, "cp-1-host-key-seed", { owner: "cp-1-host-key" }),
      "The host key of cp-1 is replaced: a client that pinned the old one refuses to connect.",
    ],
    [
      step("replace", [TOKENS.argoCd, "random:index/randomPassword:RandomPassword"], "argocd-admin"),
      "The secret argocd-admin is replaced: its old value is refused.",
    ],
    [
      step("replace", ["pulumi:providers:kubernetes"], "kubernetes"),
      "The connection to the cluster (kubernetes) is replaced: every object of the stack in it is made anew.",
    ],
    [
      step("delete", [TOKENS.argoCd, "kubernetes:core/v1:Namespace"], "argocd-namespace"),
      "The namespace argocd-namespace is deleted: everything in it goes.",
    ],
    [
      step("delete", ["kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"], "argocd-applications"),
      "The definition argocd-applications is deleted: every object of its kind goes.",
    ],
  ])("%#", (change, sentence) => {
    expect(risks(THREE, HOST_KEY, change)).toEqual([sentence]);
  });

  it.each([
    [SEED, "cp-1-host-key-seed", "The host key of cp-1 is not protected any more: an update may delete or replace it."],
    [
      [TOKENS.sealedSecrets, "kubernetes:core/v1:Secret"],
      "sealed-secrets-key-1",
      "The sealing key sealed-secrets-key-1 is not protected any more: an update may delete or replace it.",
    ],
  ])("protection that is taken off is an update, which the engine calls the same: %#", (types, name, sentence) => {
    const state = (protect: boolean) => ({ type: types.at(-1) ?? "", custom: true, protect });
    const digest = (from: boolean, to: boolean) =>
      digestOf(THREE, [
        HOST_KEY,
        step("same", types, name, { owner: "cp-1-host-key", oldState: state(from), newState: state(to) }),
      ]);
    const off = planOf("test", digest(true, false));
    expect(off.risks).toEqual([sentence]);
    expect(off.groups.map(({ changes }) => changes.map(({ details }) => details))).toEqual([
      [["protection: on → off"]],
    ]);
    expect(exitCodeOf(off)).toBe(7);
    const on = planOf("test", digest(false, true));
    expect([on.risks, on.counts.update]).toEqual([[], 1]);
    expect(exitCodeOf(planOf("test", digest(true, true)))).toBe(0);
  });

  it("a component is as protected as what is in it, which is what counts", () => {
    const state = (protect: boolean) => ({ type: TOKENS.hostKey, custom: false, protect });
    const types = [LOCAL, TOKENS.hostKey];
    const changed = step("same", types, "cp-1-host-key", { oldState: state(true), newState: state(false) });
    expect(planOf("test", digestOf(THREE, [changed]))).toMatchObject({ risks: [], groups: [] });
  });

  it("the halves of one replacement are one", () => {
    const types = ["random:index/randomPassword:RandomPassword"];
    const halves = ["create-replacement", "replace", "delete-replaced"].map((op) => step(op, types, "one"));
    expect(planOf("test", digestOf(THREE, halves)).counts).toEqual({ create: 0, update: 0, replace: 1, delete: 0 });
  });
});
