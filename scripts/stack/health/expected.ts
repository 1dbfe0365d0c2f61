import type { GateResult } from "../../../components/disk-gate/measurement";
import { modelOf } from "../../lib/stack-model";
import { type Deployment, outputsOf } from "../../lib/stack-state";
import { expectedNodes, type NodeConnection } from "../drift/expected";

/** A node as the last update left it. */
export interface HealthNode {
  readonly name: string;
  readonly role: "control-plane" | "worker";
  readonly connection: NodeConnection;
  /** The other nodes on its hypervisor, which is named. */
  readonly shares?: { readonly hypervisor: string; readonly with: readonly string[] };
  /** A node with a recorder: a control plane, or one that shares a control plane's hypervisor. */
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
}

/** Every node of the stack, control planes first. @throws when the state lacks the limits, or what was written on a node */
export function healthNodes(stack: string, deployment: Deployment): { nodes: HealthNode[]; limits: Limits } {
  const model = modelOf(deployment.resources ?? []);
  const written = new Map(expectedNodes(stack, deployment).map((node) => [node.name, node.connection]));
  const { directory, limitMs, stealLimitPercent } = model.gates[0]?.settings ?? {};
  if (typeof limitMs !== "number" || typeof directory !== "string")
    throw new Error(`stack ${stack} — its state has no disk gate, so no limit to compare with; run pulumi up first`);
  const births = (outputsOf(deployment)["diskGate"] ?? {}) as Readonly<Record<string, GateResult>>;
  const nodes = model.nodes.flatMap(({ hypervisor, name, role }): HealthNode[] => {
    const connection = written.get(name);
    if (!connection) return []; // `silentNodes` reports it
    const mates = model.nodes.filter((other) => hypervisor !== undefined && other.hypervisor === hypervisor);
    const others = mates.filter((other) => other.name !== name);
    const shares = hypervisor === undefined || others.length === 0 ? undefined : others.map((other) => other.name);
    const birth = births[name];
    return [
      {
        ...{ name, role, connection },
        recorded: role === "control-plane" || others.some((other) => other.role === "control-plane"),
        ...(shares && hypervisor !== undefined ? { shares: { hypervisor, with: shares } } : {}),
        ...(birth ? { birth } : {}),
      },
    ];
  });
  const steal = typeof stealLimitPercent === "number" ? { stealPercent: stealLimitPercent } : {};
  return { nodes, limits: { fsyncMs: limitMs, directory, ...steal } };
}
