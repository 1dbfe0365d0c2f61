import type { LivingCluster } from "../../../components/kubernetes/last-update";
import { nameOf, STACK } from "../../../components/tokens";
import type { Exported, StateResource } from "../../lib/stack-state";
import { type Part, partsOf } from "./parts";

/** What is taken out of a state, and the state without it. */
export interface Removal {
  /** Nodes, then hypervisors, each by name. */
  readonly parts: readonly Part[];
  /** Names of resources that stay and depended on what goes. */
  readonly released: readonly string[];
  /** Whether etcd's members that are left are no majority of what the state had. */
  readonly losesMajority: boolean;
  readonly state: Exported;
}

/**
 * Takes nodes and hypervisors out of a state; a hypervisor stands for its guests too. Everything else stays as it is,
 * except its dependencies on them.
 *
 * @param names of nodes or hypervisors that the state has
 * @throws Error when a name is unknown, no control plane would be left, an update is not over, an older version made the
 *   state, or what is left would need what goes
 */
export function removalOf(stack: string, exported: Exported, names: readonly string[]): Removal {
  const where = `stack ${stack}`;
  refusePending(where, stack, exported);
  const resources = exported.deployment?.resources ?? [];
  const { hypervisors, nodes } = partsOf(stack, resources);
  refuseUnknown(where, names, nodes, hypervisors);

  const goingHypervisors = hypervisors.filter(({ name }) => names.includes(name));
  const isGoing = ({ name, hypervisor }: Part): boolean =>
    names.includes(name) || goingHypervisors.some((going) => going.name === hypervisor);
  const goingNodes = nodes.filter(isGoing);
  refuseLast(where, goingNodes, nodes);

  const parts = [...goingNodes, ...goingHypervisors];
  const gone = new Set(parts.flatMap((part) => part.resources.map(({ urn }) => urn)));
  const staying = resources.filter(({ urn }) => !gone.has(urn));
  refuseOrphans(where, staying, gone);
  const goingNames = new Set(goingNodes.map(({ name }) => name));
  const kept = staying.map((resource) => withoutMembers(released(resource, gone), goingNames));
  const members = nodes.filter(({ etcdMember }) => etcdMember);
  const left = members.filter((member) => !goingNodes.includes(member));
  return {
    parts,
    released: kept.filter((resource, index) => resource !== staying[index]).map(({ urn }) => nameOf(urn)),
    losesMajority: left.length * 2 <= members.length && left.length < members.length,
    state: { ...exported, deployment: { ...exported.deployment, resources: kept } },
  };
}

function refusePending(where: string, stack: string, { deployment }: Exported): void {
  const pending = deployment?.pending_operations ?? [];
  if (pending.length === 0) return;
  const names = pending.map(({ type, resource }) => `${type} ${nameOf(resource.urn)}`);
  throw new Error(
    `${where} — an update is in the middle of its work, or was interrupted in it (${names.join(", ")}); wait until it ` +
      `has ended. If it was killed, and only then: npm run recover -- ${stack}`,
  );
}

function refuseUnknown(
  where: string,
  names: readonly string[],
  nodes: readonly Part[],
  hypervisors: readonly Part[],
): void {
  const unknown = names.filter((name) => ![...nodes, ...hypervisors].some((part) => part.name === name));
  if (unknown.length === 0) return;
  const list = (parts: readonly Part[]): string => parts.map(({ name }) => name).join(", ") || "none";
  throw new Error(
    `${where} — its state has no node and no hypervisor called ${unknown.join(" or ")} ` +
      `(nodes: ${list(nodes)}; hypervisors: ${list(hypervisors)}); name some of these`,
  );
}

function refuseLast(where: string, going: readonly Part[], nodes: readonly Part[]): void {
  const members = nodes.filter(({ etcdMember }) => etcdMember);
  if (members.length === 0 || members.some((member) => !going.includes(member))) return;
  const guest = ({ hypervisor, name }: Part): string =>
    hypervisor === undefined ? name : `${name} (a guest of ${hypervisor})`;
  throw new Error(
    `${where} — ${members.map(guest).join(", ")} would go, and no control plane would be left; everything in the cluster would be ` +
      "lost with it; see docs/runbooks/lost-cluster.md",
  );
}

/** The stack's outputs say which machines are members: another machine that gets the name has to join anew. */
function withoutMembers(resource: StateResource, going: ReadonlySet<string>): StateResource {
  const founded =
    resource.type === STACK ? (resource.outputs?.["founded"] as Partial<LivingCluster> | undefined) : undefined;
  if (!founded) return resource;
  const { controlPlanes = [], founder, nodes = [] } = founded;
  const left = {
    ...founded,
    controlPlanes: controlPlanes.filter(({ name }) => !going.has(name)),
    nodes: nodes.filter((name) => !going.has(name)),
    founder: founder !== undefined && going.has(founder) ? "" : founder,
  };
  return { ...resource, outputs: { ...resource.outputs, founded: left } };
}

/** Pulumi can't load a state in which something is part of, made by, or a view of a resource that is gone. */
function refuseOrphans(where: string, staying: readonly StateResource[], gone: ReadonlySet<string>): void {
  const orphans = staying.filter(
    ({ parent, provider, viewOf }) =>
      (parent !== undefined && gone.has(parent)) ||
      (viewOf !== undefined && gone.has(viewOf)) ||
      (provider !== undefined && gone.has(provider.slice(0, provider.lastIndexOf("::")))),
  );
  if (orphans.length > 0)
    throw new Error(
      `${where} — ${orphans.map(({ urn }) => nameOf(urn)).join(", ")} would be left without what they are part of; this ` +
        "command doesn't know these resources: nothing was changed",
    );
}

/** A resource without its dependencies on what goes; the same object when it has none. */
function released(resource: StateResource, gone: ReadonlySet<string>): StateResource {
  const { deletedWith, dependencies, propertyDependencies, replaceWith, ...rest } = resource;
  const properties = Object.entries(propertyDependencies ?? {});
  const all = [
    ...(dependencies ?? []),
    ...(replaceWith ?? []),
    ...properties.flatMap(([, urns]) => urns ?? []),
    ...(deletedWith === undefined ? [] : [deletedWith]),
  ];
  if (!all.some((urn) => gone.has(urn))) return resource;
  const stays = (urn: string): boolean => !gone.has(urn);
  return {
    ...rest,
    ...(dependencies ? { dependencies: dependencies.filter(stays) } : {}),
    ...(replaceWith ? { replaceWith: replaceWith.filter(stays) } : {}),
    ...(propertyDependencies
      ? {
          propertyDependencies: Object.fromEntries(
            properties.map(([property, urns]) => [property, urns && urns.filter(stays)]),
          ),
        }
      : {}),
    ...(deletedWith !== undefined && stays(deletedWith) ? { deletedWith } : {}),
  };
}
