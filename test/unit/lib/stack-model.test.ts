/** What the model reads out of components, and out of relations where a component has forgotten a step. */
import { expect, it } from "vitest";
import { stepsOf } from "../../../components/kubernetes/steps";
import { addressOf, nameOf, REMOTE_COMMAND, TOKENS } from "../../../components/tokens";
import { type ModelResource, modelOf } from "../../../scripts/lib/stack-model";

const urn = (type: string, name: string): string => `urn:pulumi:test::gitops-platform::${type}::${name}`;
const CLUSTER = urn(TOKENS.kubernetesCluster, "test");
const machine = (name: string): string => urn(TOKENS.libvirtMachine, name);
const guest = (name: string): string => urn(`${TOKENS.libvirtMachine}$${REMOTE_COMMAND}`, `${name}-guest`);
const step = (name: string): string => urn(`${TOKENS.kubernetesCluster}$${REMOTE_COMMAND}`, `test-${name}`);

/** A cluster whose component knows two of its three nodes: the third was taken out of the program. */
const resources: readonly ModelResource[] = [
  ...["cp-1", "cp-2", "worker-1"].flatMap((name) => [
    {
      urn: machine(name),
      inputs: {
        role: name.startsWith("cp") ? "control-plane" : "worker",
        steps: { [`${name}-guest`]: { node: name, step: "machine", summary: "makes it" } },
      },
    },
    { urn: guest(name), parent: machine(name) },
  ]),
  {
    urn: CLUSTER,
    inputs: {
      nodes: [{ name: "worker-1" }, { name: "cp-1" }],
      steps: stepsOf("test", ["cp-1", "worker-1"], false),
    },
  },
  { urn: step("cp-1-join"), parent: CLUSTER, deletedWith: guest("cp-1") },
  { urn: step("kubeconfig"), parent: CLUSTER, deletedWith: guest("cp-1"), dependencies: [step("cp-1-join")] },
  { urn: step("worker-1-membership"), parent: CLUSTER, deletedWith: CLUSTER },
  // The leftovers: cp-2's own step, and two that another control plane runs for it.
  { urn: step("cp-2-join"), parent: CLUSTER, deletedWith: guest("cp-2"), dependencies: [step("cp-2-admission")] },
  {
    urn: step("cp-2-admission"),
    ...{ parent: CLUSTER, deletedWith: CLUSTER, dependencies: [step("cp-1-join")] },
    propertyDependencies: { connection: null, stdin: [guest("cp-1"), guest("cp-2")] },
  },
  {
    urn: step("cp-2-membership"),
    ...{ parent: CLUSTER, deletedWith: CLUSTER, dependencies: [step("cp-2-join"), guest("cp-1")] },
  },
];
const model = modelOf(resources);

it("has nodes in the order of the cluster, then those that it doesn't name", () => {
  expect(model.nodes.map(({ name, role }) => `${name} ${role}`)).toEqual([
    "worker-1 worker",
    "cp-1 control-plane",
    "cp-2 control-plane",
  ]);
  expect(model.silent).toEqual([]);
});

it.each([
  [step("cp-1-join"), "cp-1", "join"],
  [step("kubeconfig"), undefined, "kubeconfig"],
  [step("worker-1-membership"), "worker-1", "membership"],
  [guest("cp-2"), "cp-2", "machine"],
  [machine("cp-2"), "cp-2", undefined],
  [step("cp-2-join"), "cp-2", undefined],
  [step("cp-2-admission"), "cp-2", undefined],
  [step("cp-2-membership"), "cp-2", undefined],
  [CLUSTER, undefined, undefined],
  [step("unknown"), undefined, undefined],
])("%s is for %s: %s", (of, node, kind) => {
  expect([model.nodeOf(of), model.stepOf(of)?.step]).toEqual([node, kind]);
});

it("names the components that say nothing of their steps", () => {
  const older = resources.map(({ inputs: _inputs, ...resource }) => resource);
  expect(modelOf(older)).toMatchObject({ nodes: [], silent: ["cp-1", "cp-2", "worker-1", "test"] });
});

it("takes URNs apart, whatever is in a name", () => {
  expect(addressOf(urn(`${TOKENS.hub}$a:b:C`, "x::y$z"))).toEqual({
    ...{ stack: "test", type: "a:b:C", within: [TOKENS.hub], name: "x::y$z" },
  });
  expect(nameOf("not a urn")).toBe("");
});
