import type { StepFacts } from "../../../components/remote/step-facts";
import { type ModelResource, modelOf, type StackModel, type StackNode } from "../../lib/stack-model";
import type { Digest, StepState } from "./digest";

/** A machine of the plan: one that the stack has, or one that it had. */
export interface PlanNode {
  readonly name: string;
  readonly role: StackNode["role"];
  /** `new` and `leaving` machines are made, or taken up, and given away, by this plan. */
  readonly state: "kept" | "new" | "leaving";
  readonly before?: StackNode | undefined;
  readonly after?: StackNode | undefined;
}

/** The stack before and after a plan. */
export interface PlanModel {
  readonly before: StackModel;
  readonly after: StackModel;
  /** The cluster's nodes in its order, then those that leave it. */
  readonly nodes: readonly PlanNode[];
  /** The node that a resource is for; unset for what concerns the cluster. */
  readonly nodeOf: (urn: string) => PlanNode | undefined;
  /** What a step is for; unset for a resource that is no step. */
  readonly stepOf: (urn: string) => StepFacts | undefined;
}

/** Reads a digest with every resource in it, changed or not (`--show-sames`). */
export function planModel({ steps = [] }: Digest): PlanModel {
  const old = new Map<string, ModelResource>();
  const current = new Map<string, ModelResource>();
  const put = (resources: Map<string, ModelResource>, urn: string, state: StepState): void =>
    void resources.set(urn, { ...state, urn });
  for (const { newState, oldState, op, urn } of steps) {
    if (oldState) put(old, urn, oldState);
    if (newState && !op.startsWith("delete")) put(current, urn, newState);
  }
  const [before, after] = [modelOf([...old.values()]), modelOf([...current.values()])];
  const kept = after.nodes.map((node): PlanNode => {
    const earlier = before.nodes.find(({ name }) => name === node.name);
    const state = earlier || old.has(node.urn) ? "kept" : "new";
    return { name: node.name, role: node.role, state, before: earlier, after: node };
  });
  const leaving = before.nodes
    .filter(({ name }) => !kept.some((node) => node.name === name))
    .map((node): PlanNode => ({ name: node.name, role: node.role, state: "leaving", before: node }));
  const nodes = [...kept, ...leaving];
  const byName = new Map(nodes.map((node) => [node.name, node]));
  // Every node asks about every resource: a hundred machines have a thousand.
  const urns = new Set([...old.keys(), ...current.keys()]);
  const places = new Map(
    [...urns].map((urn) => [urn, byName.get(after.nodeOf(urn) ?? before.nodeOf(urn) ?? "")] as const),
  );
  return {
    before,
    after,
    nodes,
    nodeOf: (urn) => places.get(urn),
    stepOf: (urn) => after.stepOf(urn) ?? before.stepOf(urn),
  };
}
