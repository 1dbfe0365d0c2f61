import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stepsOf } from "../../../components/kubernetes/steps";
import type { StepFacts } from "../../../components/remote/step-facts";
import { addressOf, REMOTE_COMMAND, STACK, TOKENS } from "../../../components/tokens";
import type { Digest, Step } from "../../../scripts/stack/plan/digest";

const RECORDED = join(__dirname, "recorded");

/** A plan that the real engine made (test/plans/record.ts). */
export function recorded(name: string): Digest {
  return JSON.parse(readFileSync(join(RECORDED, `${name}.json`), "utf8")) as Digest;
}

/** The comment that it has to become. */
export function expectedComment(name: string): string {
  return readFileSync(join(RECORDED, `${name}.md`), "utf8");
}

/** Nodes, each `name: role`. */
export type Nodes = Readonly<Record<string, string>>;

export interface Stack {
  readonly nodes: Nodes;
  /** Nodes that the configuration has no more. @default none */
  readonly leaving?: Nodes;
  /** @default "test" */
  readonly cluster?: string;
  /** What the machines are. @default local machines */
  readonly machine?: string;
  /** Settings of the machines by node, before and after. @default none */
  readonly settings?: Readonly<Record<string, readonly [before: object, after: object]>>;
  /** Settings of the gate, before and after. @default none */
  readonly gate?: readonly [before: object, after: object];
  /** Settings of the cluster, before and after. @default none */
  readonly facts?: readonly [before: object, after: object];
}

/** The digest of a stack with its components, and the steps of a test. */
export function digestOf(stack: Nodes | Stack, steps: readonly Step[]): Digest {
  const whole = "nodes" in stack && typeof stack.nodes === "object" ? (stack as Stack) : { nodes: stack as Nodes };
  const given = new Set(steps.map(({ urn }) => urn));
  return { steps: [...componentsOf(whole).filter(({ urn }) => !given.has(urn)), ...steps] };
}

function componentsOf({
  cluster = "test",
  facts = [{}, {}],
  gate,
  leaving = {},
  machine = TOKENS.localMachine,
  nodes,
  settings,
}: Stack): Step[] {
  const [before, after] = [{ ...nodes, ...leaving }, nodes];
  const changing = (name: string, type: string, old: object | undefined, current: object | undefined): Step => {
    const op = !current ? "delete" : JSON.stringify(old) === JSON.stringify(current) ? "same" : "update";
    const state = (inputs: object) => ({ type, custom: false, inputs: inputs as Record<string, unknown> });
    return {
      ...{ op, urn: urnOf([type], name) },
      ...(old ? { oldState: state(old) } : {}),
      ...(current ? { newState: state(current) } : {}),
    };
  };
  const machines = Object.entries(before).map(([name, role]) => {
    const facts = { role, steps: { [partOf(machine, name)]: { node: name, step: "machine", summary: "makes it" } } };
    const [old = {}, current = {}] = settings?.[name] ?? [];
    return changing(name, machine, { ...facts, ...old }, name in after ? { ...facts, ...current } : undefined);
  });
  const clusterFacts = (of: Nodes, own: object): object => {
    return {
      ...own,
      nodes: Object.entries(of).map(([name, role]) => ({ name, role })),
      steps: stepsOf(cluster, Object.keys(of), false),
    };
  };
  const gateFacts = (of: Nodes, own: object = {}): object => ({
    ...own,
    steps: Object.fromEntries(
      Object.entries(of).flatMap(([node, role]): [string, StepFacts][] => [
        ...(role === "control-plane" ? [measured(node, "disk-gate")] : []),
        measured(node, "disk-gate-together"),
      ]),
    ),
  });
  return [
    ...machines,
    changing("disk-gate", TOKENS.diskGate, gateFacts(before, gate?.[0]), gateFacts(after, gate?.[1])),
    changing(cluster, TOKENS.kubernetesCluster, clusterFacts(before, facts[0]), clusterFacts(after, facts[1])),
  ];
}

const measured = (node: string, step: "disk-gate" | "disk-gate-together"): [string, StepFacts] => [
  step.replace("disk-gate", `disk-gate-${node}`),
  { node, step, summary: "measures" },
];

const partOf = (machine: string, node: string): string =>
  `${node}-${machine === TOKENS.localMachine ? "container" : "guest"}`;

/** What a machine is made of. */
export function machineStep(
  op: string,
  node: string,
  machine: string = TOKENS.localMachine,
  more: Partial<Step> = {},
): Step {
  const type = machine === TOKENS.localMachine ? "command:local:Command" : REMOTE_COMMAND;
  return step(op, [machine, type], partOf(machine, node), { owner: node, ...more });
}

/** A step of the cluster: `join`. */
export function clusterStep(op: string, node: string, kind: string, more: Partial<Step> = {}, cluster = "test"): Step {
  return step(op, [TOKENS.kubernetesCluster, REMOTE_COMMAND], `${cluster}-${node}-${kind}`, {
    owner: cluster,
    ...more,
  });
}

/** The measurement of a disk. @param name of the node, with `-together` for the one beside other guests */
export function gateStep(op: string, name: string, more: Partial<Step> = {}): Step {
  return step(op, [TOKENS.diskGate, REMOTE_COMMAND], `disk-gate-${name}`, { owner: "disk-gate", ...more });
}

function urnOf(types: readonly string[], name: string): string {
  return `urn:pulumi:test::gitops-platform::${types.join("$")}::${name}`;
}

/** One step. @param types the types of its URN, outermost component first; `owner` is the name of the innermost one */
export function step(
  op: string,
  types: readonly string[],
  name: string,
  { owner, ...more }: Partial<Step> & { readonly owner?: string } = {},
): Step {
  const type = types.at(-1) ?? "";
  const custom = !type.startsWith("gitops-platform:");
  const parent = owner === undefined ? {} : { parent: urnOf(types.slice(0, -1), owner) };
  const state = { type, custom, ...parent };
  const { oldState, newState } = more;
  return {
    op,
    urn: urnOf(types, name),
    ...more,
    ...(op === "create" ? {} : { oldState: { ...state, ...oldState } }),
    ...(op === "delete" ? {} : { newState: { ...state, ...newState } }),
  };
}

/** A resource without where it stands and what its name is derived from: `kubernetes:core/v1:Secret argocd-secret`. */
export function resourceOf(type: string, name: string): string {
  return `${type} ${name.replace(/^(sealed-secrets-key)-[0-9a-f]+$/, "$1")}`;
}

/** The resources that a plan is about, the stack itself left out. */
export function resourcesIn({ steps }: Digest): ReadonlySet<string> {
  const addresses = (steps ?? []).map(({ urn }) => addressOf(urn));
  return new Set(addresses.filter(({ type }) => type !== STACK).map(({ type, name }) => resourceOf(type, name)));
}
