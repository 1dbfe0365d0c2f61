import { addressOf, MACHINE_TOKENS, nameOf, STACK, TOKENS } from "../../components/tokens";
import type { StepFacts } from "../../components/remote/step-facts";

/** A resource of a state or of a preview, as far as the model looks at it. */
export interface ModelResource {
  readonly urn: string;
  readonly parent?: string | undefined;
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  readonly deletedWith?: string | undefined;
  readonly dependencies?: readonly string[] | null | undefined;
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>> | null | undefined;
}

/** A node of the cluster: its machine's component, whatever kind of machine it is. */
export interface StackNode {
  readonly name: string;
  readonly role: "control-plane" | "worker";
  readonly urn: string;
  readonly type: string;
  /** The name of the computer it runs on. */
  readonly hypervisor?: string;
  /** The settings of its machine. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A component that stands in the stack itself. */
export interface StackPart {
  readonly name: string;
  readonly urn: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What a stack is made of, as its components say. */
export interface StackModel {
  /** The cluster's nodes in its order, then machines of no cluster by name. */
  readonly nodes: readonly StackNode[];
  readonly hypervisors: readonly StackPart[];
  readonly gates: readonly StackPart[];
  /** Unset before there is one. */
  readonly cluster?: StackPart;
  /** What a step is for; unset for a resource that is no step of the program. */
  readonly stepOf: (urn: string) => StepFacts | undefined;
  /** The name of the node that a resource is for; unset for what concerns no node or all of them. */
  readonly nodeOf: (urn: string) => string | undefined;
  /** Names of components that don't say what their steps are for: an older version made the state. */
  readonly silent: readonly string[];
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** Orders `worker-2` before `worker-10`, whatever the computer's language. */
export function compareNames(left: string, right: string): number {
  return COLLATOR.compare(left, right);
}

/**
 * Reads what components say of themselves (components/remote/step-facts.ts). Nothing is taken from a name or a script.
 *
 * A step that the program has no more, and whose undo has failed, is in the state without a word about it. The machine
 * that it goes with, or that it was made from, is in its relations.
 */
export function modelOf(resources: readonly ModelResource[]): StackModel {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const parts = (token: string): readonly StackPart[] =>
    resources
      .filter(({ urn }) => addressOf(urn).type === token)
      .map(({ inputs = {}, urn }) => ({ name: nameOf(urn), urn, settings: inputs }))
      .sort((left, right) => compareNames(left.name, right.name));
  const [cluster] = parts(TOKENS.kubernetesCluster);
  const order = entries(cluster?.settings["nodes"]).map((node) => (node as { name?: unknown }).name);
  const rank = ({ name }: StackNode): number => (order.includes(name) ? order.indexOf(name) : order.length);
  const nodes = MACHINE_TOKENS.flatMap((type) => parts(type).flatMap((part) => asNode(part, type)));
  nodes.sort((left, right) => rank(left) - rank(right) || compareNames(left.name, right.name));
  const machines = new Map(nodes.map(({ name, urn }) => [urn, name]));

  const stepOf = (urn: string): StepFacts | undefined => {
    const steps = byUrn.get(byUrn.get(urn)?.parent ?? "")?.inputs?.["steps"] as Record<string, StepFacts> | undefined;
    const name = nameOf(urn);
    return steps && Object.hasOwn(steps, name) ? steps[name] : undefined;
  };
  const around = (urn: string): string | undefined => {
    for (let up: string | undefined = urn; up !== undefined; up = byUrn.get(up)?.parent) {
      const machine = machines.get(up);
      if (machine !== undefined) return machine;
    }
    return undefined;
  };
  const leftoverOf = (urn: string): string | undefined => {
    const { deletedWith, dependencies, parent, propertyDependencies } = byUrn.get(urn) ?? {};
    const on = deletedWith === undefined ? undefined : around(deletedWith);
    if (parent !== cluster?.urn || on !== undefined) return on;
    // What runs on a control plane for another node goes with the cluster. It needs the control planes as well.
    const needs = [...(dependencies ?? []), ...Object.values(propertyDependencies ?? {}).flatMap((urns) => urns ?? [])];
    const gone = [...new Set(needs.flatMap((other) => nodeOf(other) ?? []))].filter((name) => !order.includes(name));
    const workers = gone.filter((name) => nodes.some((node) => node.name === name && node.role === "worker"));
    const [only, ...more] = workers.length > 0 ? workers : gone;
    return more.length === 0 ? only : undefined;
  };
  const nodeOf = (urn: string): string | undefined => {
    const facts = stepOf(urn);
    return facts ? facts.node : (around(urn) ?? (isStep(byUrn.get(urn)) ? leftoverOf(urn) : undefined));
  };
  return {
    nodes,
    hypervisors: parts(TOKENS.hypervisor),
    gates: parts(TOKENS.diskGate),
    ...(cluster === undefined ? {} : { cluster }),
    stepOf,
    nodeOf,
    silent: [...new Set(resources.filter(isStep).flatMap(({ parent = "" }) => byUrn.get(parent) ?? []))]
      .filter(({ inputs }) => !inputs?.["steps"])
      .map(({ urn }) => nameOf(urn)),
  };
}

/** @throws Error when an older version made the state, in which components don't say what their steps are for */
export function requireFacts(stack: string, { silent }: StackModel): void {
  if (silent.length === 0) return;
  throw new Error(
    `stack ${stack} — an older version made its state, in which ${silent.join(", ")} ` +
      "says nothing of the nodes that its steps are for; run npx pulumi up with this version first (steps on a dead " +
      "machine fail, the components are stored all the same), and try again",
  );
}

/** A command that belongs to a component of ours. */
function isStep(resource: ModelResource | undefined): boolean {
  if (!resource?.parent || addressOf(resource.parent).type === STACK) return false;
  return addressOf(resource.urn).type.startsWith("command:");
}

/** The hub has a machine too, which plays no part in the cluster. */
function asNode({ name, settings, urn }: StackPart, type: string): StackNode[] {
  const { hypervisor, role } = settings;
  if (role !== "control-plane" && role !== "worker") return [];
  return [{ name, role, urn, type, settings, ...(typeof hypervisor === "string" ? { hypervisor } : {}) }];
}

function entries(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}
