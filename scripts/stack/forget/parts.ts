import { addressOf } from "../plan/address";
import { compare } from "../plan/change";
import type { Resource } from "./exported";

/** What a state has of one node, or of one hypervisor. */
export interface Part {
  readonly name: string;
  /** A node whose role the state doesn't tell yet is a `node`. */
  readonly kind: "control plane" | "worker" | "node" | "hypervisor";
  /** In the order of the state. */
  readonly resources: readonly Resource[];
  /** The hypervisor that a node is a guest of. */
  readonly hypervisor?: string;
  /** Whether it has joined the cluster as a control plane. */
  readonly etcdMember: boolean;
}

/** What a state is made of, as far as it can be forgotten. */
interface Parts {
  readonly nodes: readonly Part[];
  readonly hypervisors: readonly Part[];
  /** The control plane that founded the cluster; none before there is a cluster. */
  readonly founder?: string;
  /** Gate steps that two nodes could have, by their names alone. */
  readonly ambiguous: readonly { readonly step: Resource; readonly nodes: readonly string[] }[];
}

const MACHINE = /^gitops-platform:machines:(Adopted|Libvirt|Local)Machine$/;
const ADOPTED = "gitops-platform:machines:AdoptedMachine";
const HYPERVISOR = "gitops-platform:machines:Hypervisor";
const ADOPTION = "gitops-platform:machines:Adoption";
const GATE = "gitops-platform:disk-gate:DiskGate";
const CLUSTER = "gitops-platform:kubernetes:KubernetesCluster";
const STACK = "pulumi:pulumi:Stack";

/** Steps of a node that run on the node itself, and go with its machine; the others run on the first control plane. */
const ON_THE_NODE = ["prepare", "join"];
const ON_THE_FIRST = ["admission", "membership"];

/** A machine's component with everything below it. */
interface Machine {
  readonly name: string;
  readonly type: string;
  readonly own: ReadonlySet<string>;
}

/** Finds out what in a state is there for which node and which hypervisor. */
export function partsOf(resources: readonly Resource[]): Parts {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const parentType = ({ parent }: Resource): string | undefined => parent && byUrn.get(parent)?.type;
  // The hub has a machine too, and is no node: those stand in the stack itself.
  const machines = resources
    .filter((resource) => MACHINE.test(resource.type) && [STACK, undefined].includes(parentType(resource)))
    .map(({ type, urn }) => ({ name: nameOf(urn), type, own: below(urn, resources) }));
  const hypervisors = resources
    .filter(({ type }) => type === HYPERVISOR)
    .map(({ urn }) => ({ name: nameOf(urn), own: below(urn, resources) }));

  const steps = resources.map((step) => ({ step, owners: machines.filter((machine) => owns(machine, step, byUrn)) }));
  const controlPlanes = controlPlanesOf(resources);
  const clusterSteps = clusterStepsOf(resources);
  const joined = machines.map(({ name }) => name).filter((name) => clusterSteps.has(`${name}-join`));
  // Whoever joined a cluster was admitted; the founder was not.
  const founder = joined.find((name) =>
    controlPlanes.length > 0 ? name === controlPlanes[0] : !clusterSteps.has(`${name}-admission`),
  );
  const nodes = machines.map((machine): Part => {
    const own = steps.filter(({ step, owners }) => machine.own.has(step.urn) || owners.includes(machine));
    const dependencies = new Set(
      own.filter(({ step }) => machine.own.has(step.urn)).flatMap(({ step }) => needs(step)),
    );
    const on = hypervisors.find((hypervisor) => [...hypervisor.own].some((urn) => dependencies.has(urn)));
    return {
      name: machine.name,
      kind: controlPlanes.length === 0 ? "node" : controlPlanes.includes(machine.name) ? "control plane" : "worker",
      resources: own.map(({ step }) => step),
      etcdMember: controlPlanes.includes(machine.name) && joined.includes(machine.name),
      ...(on ? { hypervisor: on.name } : {}),
    };
  });
  const hosts = hypervisors.map(({ name, own }): Part => {
    const made = resources.filter(({ urn }) => own.has(urn));
    return { name, kind: "hypervisor", resources: made, etcdMember: false };
  });
  // The state's order is that in which things happened to be made.
  const byName = (left: Part, right: Part): number => compare(left.name, right.name);
  return {
    nodes: nodes.sort(byName),
    hypervisors: hosts.sort(byName),
    ...(founder === undefined ? {} : { founder }),
    ambiguous: steps
      .filter(({ owners }) => owners.length > 1)
      .map(({ step, owners }) => ({ step, nodes: owners.map(({ name }) => name) })),
  };
}

/** The name of a resource. */
export function nameOf(urn: string): string {
  return addressOf(urn).name;
}

/**
 * Whether a step is there for a machine: its parent says what it is, its whole name whose. Names alone can't tell
 * `<gate>-a-together`, of the node a, from the step of a node called a-together; what it is deleted with can.
 */
function owns(machine: Machine, step: Resource, byUrn: ReadonlyMap<string, Resource>): boolean {
  const parent = step.parent === undefined ? undefined : byUrn.get(step.parent);
  if (!parent) return false;
  const name = nameOf(step.urn);
  const of = `${nameOf(parent.urn)}-${machine.name}`;
  const here = step.deletedWith === undefined || machine.own.has(step.deletedWith);
  switch (parent.type) {
    case GATE:
      return here && (name === of || name === `${of}-together`);
    case CLUSTER:
      return (
        (here && ON_THE_NODE.some((role) => name === `${of}-${role}`)) ||
        ON_THE_FIRST.some((role) => name === `${of}-${role}`)
      );
    case ADOPTION:
      return machine.type === ADOPTED && name === of;
    default:
      return false;
  }
}

/** A resource and everything that has it as its parent, directly or not. */
function below(urn: string, resources: readonly Resource[]): ReadonlySet<string> {
  const found = new Set([urn]);
  for (let before = 0; before < found.size;) {
    before = found.size;
    for (const { parent, urn: child } of resources) if (parent !== undefined && found.has(parent)) found.add(child);
  }
  return found;
}

function needs({ dependencies = [], propertyDependencies = {} }: Resource): readonly string[] {
  return [...dependencies, ...Object.values(propertyDependencies).flatMap((urns) => urns ?? [])];
}

/** As the cluster's outputs name them, the founder first; none before the first update got that far. */
function controlPlanesOf(resources: readonly Resource[]): readonly string[] {
  const outputs = resources.find(({ type }) => type === CLUSTER)?.outputs?.["controlPlanes"];
  const list = Array.isArray(outputs) ? (outputs as { name?: unknown }[]) : [];
  return list.flatMap(({ name }) => (typeof name === "string" ? [name] : []));
}

/** Names of the cluster's steps, without the cluster's. */
function clusterStepsOf(resources: readonly Resource[]): ReadonlySet<string> {
  const cluster = resources.find(({ type }) => type === CLUSTER);
  const steps = cluster ? resources.filter(({ parent }) => parent === cluster.urn) : [];
  return new Set(steps.map(({ urn }) => nameOf(urn).slice(nameOf(cluster?.urn ?? "").length + 1)));
}
