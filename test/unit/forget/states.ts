import type { Exported, Resource } from "../../../scripts/stack/forget/exported";

const MACHINES = "gitops-platform:machines:";
const COMMAND = "command:remote:Command";
const PROVIDER = "pulumi:providers:command";

type Kind = "libvirt" | "adopted";

export interface StateNode {
  readonly name: string;
  readonly role: "control-plane" | "worker";
  readonly kind?: Kind;
  /** Name of a hypervisor of the state. */
  readonly on?: string;
  /** Shares its hypervisor with an etcd node. */
  readonly together?: boolean;
}

/** `urn:pulumi:production::gitops-platform::<type>::<name>`; types of parents are left out. */
export function urn(type: string, name: string): string {
  return `urn:pulumi:production::gitops-platform::${type}::${name}`;
}

const STACK = urn("pulumi:pulumi:Stack", "gitops-platform-production");
const GATE = urn("gitops-platform:disk-gate:DiskGate", "disk-gate");
const CLUSTER = urn("gitops-platform:kubernetes:KubernetesCluster", "production");
const ADOPTION = urn(`${MACHINES}Adoption`, "adoption");

const step = (name: string): string => urn(COMMAND, name);
const machine = ({ kind = "libvirt", name }: StateNode): string =>
  urn(`${MACHINES}${kind === "libvirt" ? "Libvirt" : "Adopted"}Machine`, name);
const guest = ({ kind = "libvirt", name }: StateNode): readonly string[] =>
  kind === "libvirt" ? [step(`${name}-guest`)] : [];

function component(of: string, parent?: string, outputs?: Readonly<Record<string, unknown>>): Resource {
  const type = of.split("::")[2] ?? "";
  return { urn: of, type, custom: false, ...(parent ? { parent } : {}), ...(outputs ? { outputs } : {}) };
}

function command(name: string, parent: string, on: StateNode | undefined, dependencies: readonly string[]): Resource {
  const [deletedWith] = on ? guest(on) : [];
  return {
    ...{
      urn: step(name),
      type: COMMAND,
      custom: true,
      parent,
      dependencies,
      provider: `${urn(PROVIDER, "default")}::1`,
    },
    propertyDependencies: { connection: [], stdin: on ? guest(on) : dependencies },
    ...(deletedWith === undefined ? {} : { deletedWith }),
  };
}

/**
 * What an update leaves of a stack with these nodes, the first one founding the cluster; resources and their relations are
 * as the program makes them, as far as forgetting looks at them.
 */
export function stateOf(nodes: readonly StateNode[]): Exported & { deployment: { resources: Resource[] } } {
  const hypervisors = [...new Set(nodes.flatMap(({ on }) => on ?? []))];
  const gated = nodes.filter(({ role }) => role === "control-plane");
  const gates = [
    ...gated.map(({ name }) => step(`disk-gate-${name}`)),
    ...nodes.filter(({ together }) => together).map(({ name }) => step(`disk-gate-${name}-together`)),
  ];
  const [first, ...joining] = nodes;
  const adopted = nodes.filter(({ kind }) => kind === "adopted");
  const controlPlanes = gated.map(({ name }) => ({ name }));
  const resources = [
    component(STACK),
    { urn: urn(PROVIDER, "default"), type: PROVIDER, custom: true, id: "1" },
    ...hypervisors.flatMap((name) => {
      const of = urn(`${MACHINES}Hypervisor`, name);
      return [
        component(of, STACK),
        command(`${name}-check`, of, undefined, []),
        command(`${name}-image`, of, undefined, [step(`${name}-check`)]),
      ];
    }),
    ...(adopted.length > 0 ? [component(ADOPTION, STACK)] : []),
    ...adopted.map(({ name }) => command(`adoption-${name}`, ADOPTION, undefined, [])),
    ...(adopted.length > 1 ? [command("adoption-comparison", ADOPTION, undefined, [])] : []),
    ...nodes.flatMap((node) => {
      const { name, on } = node;
      if (node.kind === "adopted") return [component(machine(node), STACK)];
      const key = urn(`${MACHINES}HostKey`, `${name}-host-key`);
      const seed = urn("random:index/randomPassword:RandomPassword", `${name}-host-key-seed`);
      const made = on === undefined ? [] : [step(`${on}-check`), step(`${on}-image`)];
      return [
        component(machine(node), STACK),
        { ...component(key, machine(node)), protect: true },
        { ...component(seed, key), custom: true, protect: true },
        command(`${name}-guest`, machine(node), undefined, [...made, seed]),
        command(`${name}-boot`, machine(node), node, [step(`${name}-guest`), seed]),
      ];
    }),
    component(GATE, STACK),
    ...gated.map((node) => {
      const peers = gated.filter((other) => other !== node).flatMap(guest);
      return command(`disk-gate-${node.name}`, GATE, node, [...guest(node), ...peers]);
    }),
    ...nodes
      .filter(({ together }) => together)
      .map((node) => command(`disk-gate-${node.name}-together`, GATE, node, [...guest(node)])),
    component(CLUSTER, STACK, { controlPlanes }),
    ...nodes.map((node) => command(`production-${node.name}-prepare`, CLUSTER, node, [...guest(node), ...gates])),
    ...(first
      ? [command(`production-${first.name}-join`, CLUSTER, first, [step(`production-${first.name}-prepare`)])]
      : []),
    command("production-kubeconfig", CLUSTER, first, []),
    ...joining.flatMap((node) => [
      command(`production-${node.name}-admission`, CLUSTER, first, guest(node)),
      command(`production-${node.name}-join`, CLUSTER, node, [
        step(`production-${node.name}-admission`),
        // Control planes join in a chain.
        ...(node.role === "control-plane"
          ? gated.slice(1, gated.indexOf(node)).map(({ name }) => step(`production-${name}-join`))
          : []),
      ]),
      command(`production-${node.name}-membership`, CLUSTER, first, [step(`production-${node.name}-join`)]),
    ]),
  ];
  return {
    version: 3,
    deployment: { manifest: { version: "v3.259.0" }, secrets_providers: { type: "passphrase" }, resources },
  };
}

/** Three control planes on three hypervisors, and a worker beside the second and the third. */
export const production: readonly StateNode[] = [
  { name: "cp-1", role: "control-plane", on: "hv-1" },
  { name: "cp-2", role: "control-plane", on: "hv-2", together: true },
  { name: "cp-3", role: "control-plane", on: "hv-3", together: true },
  { name: "worker-2", role: "worker", on: "hv-2", together: true },
  { name: "worker-3", role: "worker", on: "hv-3", together: true },
];
