import { describe, expect, it } from "vitest";
import { nameOf, STACK as STACK_TYPE, TOKENS } from "../../../components/tokens";
import type { Exported, StateResource as Resource } from "../../../scripts/lib/stack-state";
import { removalOf } from "../../../scripts/stack/forget/removal";
import { production, stateOf, type StateNode, urn } from "./states";

const names = (resources: readonly Resource[]): string[] => resources.map((resource) => nameOf(resource.urn));

/** Names of what goes, by node or hypervisor. */
function gone(nodes: readonly StateNode[], ...which: string[]): Record<string, string[]> {
  const { parts } = removalOf("production", stateOf(nodes), which);
  return Object.fromEntries(parts.map(({ name, resources }) => [name, names(resources)]));
}

/** A state with more in it. */
function plus(exported: ReturnType<typeof stateOf>, ...more: Resource[]): Exported {
  return {
    ...exported,
    deployment: { ...exported.deployment, resources: [...exported.deployment.resources, ...more] },
  };
}

const WORKER_3 = [
  "worker-3",
  "worker-3-host-key",
  "worker-3-host-key-seed",
  "worker-3-guest",
  "worker-3-boot",
  "disk-gate-worker-3-together",
  "production-worker-3-prepare",
  "production-worker-3-admission",
  "production-worker-3-join",
  "production-worker-3-membership",
];
const CP_3 = [
  "cp-3",
  "cp-3-host-key",
  "cp-3-host-key-seed",
  "cp-3-guest",
  "cp-3-boot",
  "disk-gate-cp-3",
  "disk-gate-cp-3-together",
  "production-cp-3-prepare",
  "production-cp-3-admission",
  "production-cp-3-join",
  "production-cp-3-membership",
];

describe("what goes", () => {
  it("of a node: its machine, its measurements and its steps in the cluster", () => {
    expect(gone(production, "worker-3")).toEqual({ "worker-3": WORKER_3 });
    expect(gone(production, "cp-3")).toEqual({ "cp-3": CP_3 });
  });

  it("of a hypervisor: itself and every guest of it", () => {
    const all = { "cp-3": CP_3, "worker-3": WORKER_3, "hv-3": ["hv-3", "hv-3-check", "hv-3-image"] };
    expect(gone(production, "hv-3")).toEqual(all);
    expect(gone(production, "hv-3", "worker-3", "hv-3")).toEqual(all);
    expect(Object.keys(gone(production, "hv-3", "worker-2"))).toEqual(["cp-3", "worker-2", "worker-3", "hv-3"]);
  });

  it("of an adopted server: also its check, and not the comparison of all of them", () => {
    const nodes: StateNode[] = [
      { name: "cp-1", role: "control-plane", kind: "adopted" },
      { name: "comparison", role: "worker" },
      { name: "worker-1", role: "worker", kind: "adopted" },
    ];
    expect(gone(nodes, "worker-1")).toEqual({
      "worker-1": [
        "adoption-worker-1",
        "worker-1",
        ...["prepare", "admission", "join", "membership"].map((role) => `production-worker-1-${role}`),
      ],
    });
    expect(gone(nodes, "comparison")["comparison"]).not.toContain("adoption-comparison");
  });

  it("what was only half made", () => {
    const state = stateOf(production);
    const resources = state.deployment.resources.filter(
      ({ urn: of }) => !/worker-3-(boot|prepare|admission|join|membership)/.test(of),
    );
    const { parts } = removalOf("production", { ...state, deployment: { resources } }, ["worker-3"]);
    expect(names(parts[0]?.resources ?? [])).toEqual(WORKER_3.filter((name) => !/boot|production/.test(name)));
  });
});

describe("names that end or begin alike", () => {
  const control = (name: string, more: Partial<StateNode> = {}): StateNode => ({
    name,
    role: "control-plane",
    ...more,
  });
  const first = control("a-b-join");
  const own = (state: readonly StateNode[], name: string) => gone(state, name)[name];

  it.each(["a", "b", "a-b", "a-b-a", "production-a", "a-production", "join", "host-key", "disk-gate-a"])(
    "%s is not taken for another",
    (name) => {
      const all = ["a", "b", "a-b", "a-b-a", "production-a", "a-production", "join", "host-key", "disk-gate-a"];
      expect(own([first, ...all.map((other) => control(other))], name)).toEqual([
        name,
        ...["host-key", "host-key-seed", "guest", "boot"].map((role) => `${name}-${role}`),
        `disk-gate-${name}`,
        ...["prepare", "admission", "join", "membership"].map((role) => `production-${name}-${role}`),
      ]);
    },
  );

  it("a node called like another one's joint measurement is told apart by the facts", () => {
    const alone = [first, control("a"), control("a-together")];
    expect(own(alone, "a")).not.toContain("disk-gate-a-together");
    expect(own(alone, "a-together")).toContain("disk-gate-a-together");
    const shared = [first, control("a", { together: true }), { name: "a-together", role: "worker" } as const];
    expect(own(shared, "a")).toContain("disk-gate-a-together");
    expect(own(shared, "a-together")).not.toContain("disk-gate-a-together");
  });

  it("so are adopted servers called like that, which no machine tells apart", () => {
    const nodes = [first, control("a", { kind: "adopted" }), control("a-together", { kind: "adopted" })];
    expect(own(nodes, "a")).not.toContain("disk-gate-a-together");
    expect(own(nodes, "a-together")).toContain("disk-gate-a-together");
  });
});

describe("steps that the program has no more, and whose undo has failed", () => {
  /** The state after an update that could not take nodes away: their machines stay, the others' facts are without them. */
  function withoutFacts(...removed: readonly string[]): Exported {
    const state = stateOf(production);
    const isOf = ({ node }: { node?: string }) => removed.includes(node ?? "");
    const resources = state.deployment.resources.map((resource) => {
      const { steps: facts } = (resource.inputs ?? {}) as { steps?: Record<string, { node?: string }> };
      if (!facts || removed.includes(nameOf(resource.urn))) return resource;
      const steps = Object.fromEntries(Object.entries(facts).filter(([, step]) => !isOf(step)));
      const { nodes } = resource.inputs as { nodes?: readonly { name: string }[] };
      const left = nodes && { nodes: nodes.filter(({ name }) => !removed.includes(name)) };
      return { ...resource, inputs: { ...resource.inputs, ...left, steps } };
    });
    return { ...state, deployment: { ...state.deployment, resources } };
  }

  it("go with the machine that they go with, or were made from", () => {
    const { losesMajority, parts } = removalOf("production", withoutFacts("cp-3", "worker-3"), ["hv-3"]);
    expect(parts.map(({ name, resources }) => [name, names(resources)])).toEqual([
      ["cp-3", CP_3],
      ["worker-3", WORKER_3],
      ["hv-3", ["hv-3", "hv-3-check", "hv-3-image"]],
    ]);
    expect(losesMajority).toBe(false);
    expect(removalOf("production", withoutFacts("cp-2", "cp-3"), ["cp-2", "cp-3"]).losesMajority).toBe(true);
  });
});

describe("what stays", () => {
  const before = stateOf(production);
  const removal = removalOf("production", before, ["hv-3"]);
  const after = removal.state.deployment?.resources ?? [];

  it("is everything else, in the same order", () => {
    const going = new Set([...CP_3, ...WORKER_3, "hv-3", "hv-3-check", "hv-3-image"]);
    expect(names(after)).toEqual(names(before.deployment.resources).filter((name) => !going.has(name)));
    expect({ ...removal.state, deployment: { ...removal.state.deployment, resources: [] } }).toEqual({
      ...before,
      deployment: { ...before.deployment, resources: [] },
    });
  });

  it("only loses its dependencies on what goes", () => {
    expect(removal.released).toEqual([
      "disk-gate-cp-1",
      "disk-gate-cp-2",
      ...["cp-1", "cp-2", "worker-2"].map((name) => `production-${name}-prepare`),
      // What a control plane does for others needs all control planes.
      ...["cp-1", "cp-2", "worker-2"].flatMap((name) =>
        ["admission", "membership"].map((kind) => `production-${name}-${kind}`),
      ),
    ]);
    const find = (list: readonly Resource[], name: string) => list.find((resource) => nameOf(resource.urn) === name);
    expect(find(after, "disk-gate-cp-1")).toEqual({
      ...find(before.deployment.resources, "disk-gate-cp-1"),
      dependencies: [urn("command:remote:Command", "cp-1-guest"), urn("command:remote:Command", "cp-2-guest")],
    });
    for (const name of names(after).filter((other) => !removal.released.includes(other)))
      expect(find(after, name)).toBe(find(before.deployment.resources, name));
    expect(JSON.stringify(after)).not.toMatch(/::[^"]*(cp-3|worker-3|hv-3)"/);
  });

  it("in every field that names another resource", () => {
    const [kept, lost] = [urn("command:remote:Command", "cp-2-guest"), urn("command:remote:Command", "cp-3-guest")];
    const extra = {
      ...{ urn: urn("a:b:C", "extra"), type: "a:b:C", custom: true, inputs: { text: lost } },
      ...{ dependencies: [lost, kept], replaceWith: [kept, lost], deletedWith: lost },
      propertyDependencies: { text: [lost], other: [kept, lost], none: null },
    };
    const { state } = removalOf("production", plus(before, extra), ["cp-3"]);
    expect(state.deployment?.resources?.at(-1)).toEqual({
      ...{ urn: urn("a:b:C", "extra"), type: "a:b:C", custom: true, inputs: { text: lost } },
      ...{ dependencies: [kept], replaceWith: [kept] },
      propertyDependencies: { text: [], other: [kept], none: null },
    });
  });

  it("no longer counts what goes among the cluster's members: a machine with the name joins anew", () => {
    const member = (name: string) => ({ name, address: name, identity: name });
    const founded = {
      ...{ name: "production", caCertificate: "CA", identity: "cluster", founder: "cp-1" },
      ...{ controlPlanes: ["cp-1", "cp-2", "cp-3"].map(member), nodes: ["cp-1", "cp-2", "cp-3", "worker-2"] },
    };
    const resources = before.deployment.resources.map((resource) =>
      resource.type === STACK_TYPE ? { ...resource, outputs: { endpoint: "here", founded } } : resource,
    );
    const told = { ...before, deployment: { ...before.deployment, resources } };
    const left = (...names: readonly string[]) =>
      removalOf("production", told, names).state.deployment?.resources?.find(({ type }) => type === STACK_TYPE)
        ?.outputs;
    expect(left("cp-1", "worker-2")).toEqual({
      endpoint: "here",
      founded: { ...founded, founder: "", controlPlanes: ["cp-2", "cp-3"].map(member), nodes: ["cp-2", "cp-3"] },
    });
    expect(left("cp-3")).toMatchObject({ founded: { founder: "cp-1" } });
  });

  it("tells whether etcd keeps a majority", () => {
    expect(removal.losesMajority).toBe(false);
    expect(removalOf("production", before, ["worker-2", "worker-3"]).losesMajority).toBe(false);
    expect(removalOf("production", before, ["cp-2", "cp-3"]).losesMajority).toBe(true);
    // The state has two members left, and the cluster still counts three.
    expect(removalOf("production", removal.state, ["cp-2"]).losesMajority).toBe(true);
  });
});

describe("refuses", () => {
  const state = stateOf(production);
  const refusal = (exported: Exported, ...which: string[]) => {
    try {
      removalOf("production", exported, which);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };

  it("names that the state doesn't have, and says which it has", () => {
    const resources = [...state.deployment.resources].reverse();
    expect(refusal({ ...state, deployment: { resources } }, "worker-2", "worker-9", "hub")).toBe(
      "stack production — its state has no node and no hypervisor called worker-9 or hub " +
        "(nodes: cp-1, cp-2, cp-3, worker-2, worker-3; hypervisors: hv-1, hv-2, hv-3); name some of these",
    );
    expect(refusal({ version: 3, deployment: null }, "cp-1")).toBe(
      "stack production — its state has no node and no hypervisor called cp-1 (nodes: none; hypervisors: none); name some of these",
    );
  });

  it("a machine that is no node: the hub's", () => {
    const hub = { urn: urn(TOKENS.hub, "hub"), type: TOKENS.hub };
    const inHub = { urn: urn(TOKENS.localMachine, "hub"), type: TOKENS.localMachine, parent: hub.urn };
    expect(refusal(plus(state, hub, inHub), "hub")).toContain("no node and no hypervisor called hub");
  });

  it("the last control plane, and all of them at once", () => {
    const text = (names: string): string =>
      `stack production — ${names} would go, and no control plane would be left; everything in the cluster would be lost with ` +
      "it; see docs/runbooks/lost-cluster.md";
    const all = ["cp-1", "cp-2", "cp-3"];
    expect(refusal(state, ...all)).toBe(text("cp-1 (a guest of hv-1), cp-2 (a guest of hv-2), cp-3 (a guest of hv-3)"));
    expect(refusal(stateOf([{ name: "cp-1", role: "control-plane", kind: "adopted" }]), "cp-1")).toBe(text("cp-1"));
  });

  it("a state that an older version made: its components say nothing of their steps", () => {
    const resources = state.deployment.resources.map(({ inputs: _inputs, ...resource }) => resource);
    const older = { ...state, deployment: { ...state.deployment, resources } };
    expect(refusal(older, "cp-2")).toBe(
      "stack production — an older version made its state, in which hv-1, hv-2, hv-3, cp-1, cp-2, cp-3, worker-2, " +
        "worker-3, disk-gate, production says nothing of the nodes that its steps are for; run npx pulumi up with this " +
        "version first (steps on a dead machine fail, the components are stored all the same), and try again",
    );
  });

  it("not the first control plane when no cluster was founded, or all of it was taken out by hand", () => {
    const resources = state.deployment.resources.filter(
      ({ urn: of }) => !/::production-.*-(join|membership)$/.test(of),
    );
    expect(refusal({ ...state, deployment: { ...state.deployment, resources } }, "hv-1")).toBeUndefined();
  });

  it("while an update is not over", () => {
    const pending_operations = [{ type: "creating", resource: { urn: urn("command:remote:Command", "cp-3-guest") } }];
    expect(refusal({ ...state, deployment: { ...state.deployment, pending_operations } }, "cp-3")).toBe(
      "stack production — an update is in the middle of its work, or was interrupted in it (creating cp-3-guest); wait " +
        "until it has ended. If it was killed, and only then: npm run recover -- production",
    );
  });

  it("what would leave resources without what they are part of", () => {
    const lost = urn("command:remote:Command", "production-cp-3-join");
    const child = (name: string, fields: object): Resource => ({ urn: urn("a:b:C", name), type: "a:b:C", ...fields });
    const strange = plus(
      state,
      child("one", { parent: lost }),
      child("two", { provider: `${lost}::id` }),
      child("three", { viewOf: lost }),
      child("four", { provider: `${lost}-other::id`, parent: `${lost}-other` }),
    );
    expect(refusal(strange, "cp-3")).toBe(
      "stack production — one, two, three would be left without what they are part of; this command doesn't know these " +
        "resources: nothing was changed",
    );
    expect(refusal(strange, "worker-3")).toBeUndefined();
  });
});
