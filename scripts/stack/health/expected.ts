import type { GateResult } from "../../../components/disk-gate/measurement";
import { addressOf, TOKENS } from "../../../components/tokens";
import { modelOf, type StackNode } from "../../lib/stack-model";
import { type Deployment, outputsOf } from "../../lib/stack-state";
import { expectedNodes, type NodeConnection } from "../drift/expected";
import { snapshotHours } from "../drift/snapshots";

/** A node as the last update left it. */
export interface HealthNode {
  readonly name: string;
  readonly role: "control-plane" | "worker";
  readonly connection: NodeConnection;
  /** The other nodes on its computer. */
  readonly shares?: { readonly hypervisor: string; readonly with: readonly string[] };
  /** Whether it must have a recorder: a control plane, or one that shares a computer with one. */
  readonly recorded: boolean;
  /** What the disk gate measured before there was an etcd. */
  readonly birth?: GateResult;
}

/** What the disk gate of the stack accepts. */
export interface Limits {
  /** Of etcd's fsync, 99th percentile. */
  readonly fsyncMs: number;
  /** CPU time taken by the hypervisor; unset in a state of an older version. */
  readonly stealPercent?: number;
  readonly directory: string;
  /** Why disks over the limit are accepted; unset where they aren't. */
  readonly override?: string;
}

/** What a stack's health is judged by. */
export interface ExpectedHealth {
  readonly nodes: readonly HealthNode[];
  readonly limits: Limits;
  /** How often snapshots of etcd are taken; unset where none are. */
  readonly everyHours?: number;
}

/** Every node of the stack, control planes first. @throws when the state lacks the limits, or what was written on a node */
export function healthNodes(stack: string, deployment: Deployment): ExpectedHealth {
  const model = modelOf(deployment.resources ?? []);
  const written = new Map(expectedNodes(stack, deployment).map((node) => [node.name, node.connection]));
  const { directory, limitMs, override, stealLimitPercent } = model.gates[0]?.settings ?? {};
  if (typeof limitMs !== "number" || typeof directory !== "string")
    throw new Error(`stack ${stack} — its state has no disk gate, so no limit to compare with; run pulumi up first`);
  const births = (outputsOf(deployment)["diskGate"] ?? {}) as Readonly<Record<string, GateResult>>;
  const recorder = (deployment.resources ?? []).find(({ urn }) => addressOf(urn).type === TOKENS.recorder);
  const recorded = (recorder?.inputs?.["nodes"] ?? []) as readonly string[];
  const nodes = model.nodes.flatMap((node): HealthNode[] => {
    const { name, role } = node;
    const connection = written.get(name);
    if (!connection) return []; // `silentNodes` reports it
    const hypervisor = computerOf(node);
    const mates = model.nodes.filter((other) => hypervisor !== undefined && computerOf(other) === hypervisor);
    const others = mates.filter((other) => other.name !== name).map((other) => other.name);
    const birth = births[name];
    return [
      {
        ...{ name, role, connection, recorded: role === "control-plane" || recorded.includes(name) },
        ...(hypervisor !== undefined && others.length > 0 ? { shares: { hypervisor, with: others } } : {}),
        ...(birth ? { birth } : {}),
      },
    ];
  });
  const limits = {
    ...{ fsyncMs: limitMs, directory },
    ...(typeof stealLimitPercent === "number" ? { stealPercent: stealLimitPercent } : {}),
    ...(typeof override === "string" && override !== "" ? { override } : {}),
  };
  const everyHours = snapshotHours(model);
  return { nodes, limits, ...(everyHours === undefined ? {} : { everyHours }) };
}

/** What a node shares disk and CPUs on; unset for a server that nobody has said it of. */
function computerOf({ hypervisor, type }: StackNode): string | undefined {
  return hypervisor ?? (type === TOKENS.localMachine ? "this computer" : undefined);
}
