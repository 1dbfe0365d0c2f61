import { stepsOf } from "../../../components/kubernetes/steps";
import type { Steps } from "../../../components/remote/step-facts";
import { addressOf, REMOTE_COMMAND as COMMAND, STACK as STACK_TYPE, TOKENS } from "../../../components/tokens";
import type { Exported, StateResource as Resource } from "../../../scripts/lib/stack-state";

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

const STACK = urn(STACK_TYPE, "gitops-platform-production");
const GATE = urn(TOKENS.diskGate, "disk-gate");
const CLUSTER = urn(TOKENS.kubernetesCluster, "production");
const ADOPTION = urn(TOKENS.adoption, "adoption");

const step = (name: string): string => urn(COMMAND, name);
const machine = ({ kind = "libvirt", name }: StateNode): string =>
  urn(kind === "libvirt" ? TOKENS.libvirtMachine : TOKENS.adoptedMachine, name);
const guest = ({ kind = "libvirt", name }: StateNode): readonly string[] =>
  kind === "libvirt" ? [step(`${name}-guest`)] : [];

function component(of: string, parent?: string, inputs: Readonly<Record<string, unknown>> = {}): Resource {
  return { urn: of, type: addressOf(of).type, custom: false, ...(parent ? { parent } : {}), inputs };
}

/** Facts of steps, each `[name, kind, node]`. */
function steps(...list: readonly (readonly [name: string, step: string, node?: string])[]): { readonly steps: Steps } {
  return { steps: Object.fromEntries(list.map(([name, kind, node]) => [name, { node, step: kind, summary: kind }])) };
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
 * What an update leaves of a stack with these nodes; resources and their relations are
 * as the program makes them, as far as forgetting looks at them.
 */
export function stateOf(nodes: readonly StateNode[]): Exported & { deployment: { resources: Resource[] } } {
  const hypervisors = [...new Set(nodes.flatMap(({ on }) => on ?? []))];
  const gated = nodes.filter(({ role }) => role === "control-plane");
  const gates = [
    ...gated.map(({ name }) => step(`disk-gate-${name}`)),
    ...nodes.filter(({ together }) => together).map(({ name }) => step(`disk-gate-${name}-together`)),
  ];
  const adopted = nodes.filter(({ kind }) => kind === "adopted");
  const resources = [
    component(STACK),
    { urn: urn(PROVIDER, "default"), type: PROVIDER, custom: true, id: "1" },
    ...hypervisors.flatMap((name) => {
      const of = urn(TOKENS.hypervisor, name);
      return [
        component(of, STACK, steps([`${name}-check`, "check"], [`${name}-image`, "image"])),
        command(`${name}-check`, of, undefined, []),
        command(`${name}-image`, of, undefined, [step(`${name}-check`)]),
      ];
    }),
    ...(adopted.length > 0
      ? [
          component(
            ADOPTION,
            STACK,
            steps(...adopted.map(({ name }) => [`adoption-${name}`, "adoption", name] as const), [
              "adoption-comparison",
              "comparison",
            ]),
          ),
        ]
      : []),
    ...adopted.map(({ name }) => command(`adoption-${name}`, ADOPTION, undefined, [])),
    ...(adopted.length > 1 ? [command("adoption-comparison", ADOPTION, undefined, [])] : []),
    ...nodes.flatMap((node) => {
      const { name, on } = node;
      const facts = { role: node.role, ...(on === undefined ? {} : { hypervisor: on }) };
      if (node.kind === "adopted") return [component(machine(node), STACK, facts)];
      const key = urn(TOKENS.hostKey, `${name}-host-key`);
      const seed = urn("random:index/randomPassword:RandomPassword", `${name}-host-key-seed`);
      const made = on === undefined ? [] : [step(`${on}-check`), step(`${on}-image`)];
      return [
        component(machine(node), STACK, {
          ...facts,
          ...steps([`${name}-guest`, "machine", name], [`${name}-boot`, "boot", name]),
        }),
        { ...component(key, machine(node)), protect: true },
        { ...component(seed, key), custom: true, protect: true },
        command(`${name}-guest`, machine(node), undefined, [...made, seed]),
        command(`${name}-boot`, machine(node), node, [step(`${name}-guest`), seed]),
      ];
    }),
    component(
      GATE,
      STACK,
      steps(
        ...gated.map(({ name }) => [`disk-gate-${name}`, "disk-gate", name] as const),
        ...nodes
          .filter(({ together }) => together)
          .map(({ name }) => [`disk-gate-${name}-together`, "disk-gate-together", name] as const),
      ),
    ),
    ...gated.map((node) => {
      const peers = gated.filter((other) => other !== node).flatMap(guest);
      return command(`disk-gate-${node.name}`, GATE, node, [...guest(node), ...peers]);
    }),
    ...nodes
      .filter(({ together }) => together)
      .map((node) => command(`disk-gate-${node.name}-together`, GATE, node, [...guest(node)])),
    component(CLUSTER, STACK, {
      nodes: nodes.map(({ name, role }) => ({ name, role })),
      steps: stepsOf(
        "production",
        nodes.map(({ name }) => name),
        false,
      ),
    }),
    ...nodes.map((node) => command(`production-${node.name}-prepare`, CLUSTER, node, [...guest(node), ...gates])),
    command("production-kubeconfig", CLUSTER, nodes[0], []),
    ...nodes.flatMap((node) => [
      // What a control plane does for a node goes with the cluster.
      command(`production-${node.name}-admission`, CLUSTER, undefined, [...guest(node), ...gated.flatMap(guest)]),
      command(`production-${node.name}-join`, CLUSTER, node, [
        step(`production-${node.name}-admission`),
        // Control planes join in a chain.
        ...(node.role === "control-plane"
          ? gated.slice(0, gated.indexOf(node)).map(({ name }) => step(`production-${name}-join`))
          : []),
      ]),
      command(`production-${node.name}-membership`, CLUSTER, undefined, [
        step(`production-${node.name}-join`),
        ...gated.flatMap(guest),
      ]),
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
