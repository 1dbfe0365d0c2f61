import { addressOf, TOKENS } from "../../../components/tokens";
import { compareNames, modelOf, requireFacts } from "../../lib/stack-model";
import type { StateResource } from "../../lib/stack-state";

/** What a state has of one node, or of one hypervisor. */
export interface Part {
  readonly name: string;
  readonly kind: "control plane" | "worker" | "hypervisor";
  /** In the order of the state. */
  readonly resources: readonly StateResource[];
  /** The hypervisor that a node is a guest of. */
  readonly hypervisor?: string | undefined;
  /** Whether it has joined the cluster as a control plane. */
  readonly etcdMember: boolean;
}

interface Parts {
  readonly nodes: readonly Part[];
  readonly hypervisors: readonly Part[];
}

/**
 * Divides a state by node and by hypervisor.
 *
 * @throws Error when an older version made the state, which doesn't say whose its steps are
 */
export function partsOf(stack: string, resources: readonly StateResource[]): Parts {
  const model = modelOf(resources);
  requireFacts(stack, model);
  // A leftover of the cluster counts too: the operator hears of a majority once too often rather than never.
  const inCluster = resources.filter(({ parent = "" }) => addressOf(parent).type === TOKENS.kubernetesCluster);
  const joins = inCluster.filter(({ urn }) => (model.stepOf(urn)?.step ?? "join") === "join");
  const joined = new Set(joins.map(({ urn }) => model.nodeOf(urn)));
  const nodes = model.nodes.map(({ hypervisor, name, role }): Part => {
    const controlPlane = role === "control-plane";
    return {
      name,
      kind: controlPlane ? "control plane" : "worker",
      resources: resources.filter(({ urn }) => model.nodeOf(urn) === name),
      hypervisor,
      etcdMember: controlPlane && joined.has(name),
    };
  });
  const hypervisors = model.hypervisors.map(({ name, urn }): Part => {
    const own = resources.filter((resource) => resource.urn === urn || resource.parent === urn);
    return { name, kind: "hypervisor", resources: own, etcdMember: false };
  });
  // The state's order is the order in which resources happened to be made.
  nodes.sort((left, right) => compareNames(left.name, right.name));
  return { nodes, hypervisors };
}
