/** Which nodes `npm run health` asks, with which limits, out of a state. */
import { expect, it } from "vitest";
import { STACK, TOKENS } from "../../../components/tokens";
import { healthNodes } from "../../../scripts/stack/health/expected";
import type { Deployment, StateResource } from "../../../scripts/lib/stack-state";

const urn = (type: string, name: string): string => `urn:pulumi:s::gitops-platform::${type}::${name}`;
const part = (type: string, name: string, inputs: Record<string, unknown>): StateResource => ({
  urn: urn(type, name),
  type,
  inputs,
});

function machine(name: string, role: string, type: string, hypervisor?: string): StateResource[] {
  const parent = urn(type, name);
  const connection = { host: name, user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 AAAA" };
  return [
    part(type, name, { role, hypervisor, steps: { [`${name}-step`]: { node: name, step: "prepare", summary: "s" } } }),
    {
      ...{ urn: urn("command:remote:Command", `${name}-step`), type: "command:remote:Command", parent },
      inputs: { connection, create: "c", stdin: "s" },
      outputs: { stdout: JSON.stringify({ node: name, written: { files: {} } }) },
    },
  ];
}

function state(type: string, gate: Record<string, unknown>, recorded: readonly string[], at?: string): Deployment {
  const result = { p99Ms: 1.5 };
  return {
    resources: [
      { urn: urn(STACK, "s"), type: STACK, outputs: { diskGate: { "cp-1": result } } },
      part(TOKENS.diskGate, "disk-gate", gate),
      ...machine("cp-1", "control-plane", type, at),
      ...machine("worker-1", "worker", type, at),
      part(TOKENS.recorder, "health", { nodes: recorded }),
    ],
  };
}

const GATE = { limitMs: 10, directory: "/var/lib/etcd" };

it("guests on one hypervisor share it, and the gate's limits are those", () => {
  const both = state(TOKENS.libvirtMachine, { ...GATE, stealLimitPercent: 5 }, ["cp-1", "worker-1"], "kvm-1");
  expect(healthNodes("s", both)).toMatchObject({
    limits: { fsyncMs: 10, directory: "/var/lib/etcd", stealPercent: 5 },
    nodes: [
      {
        name: "cp-1",
        role: "control-plane",
        recorded: true,
        shares: { hypervisor: "kvm-1", with: ["worker-1"] },
        birth: { p99Ms: 1.5 },
      },
      { name: "worker-1", role: "worker", recorded: true, shares: { hypervisor: "kvm-1", with: ["cp-1"] } },
    ],
  });
});

it("ordered servers share nothing that is known, and a state without a steal limit has none", () => {
  const { limits, nodes } = healthNodes("s", state(TOKENS.adoptedMachine, GATE, ["cp-1"]));
  expect(limits).toEqual({ fsyncMs: 10, directory: "/var/lib/etcd" });
  expect(nodes.map(({ recorded, shares }) => ({ recorded, shares }))).toEqual([
    { recorded: true, shares: undefined },
    { recorded: false, shares: undefined },
  ]);
});

it("an override and snapshots are known", () => {
  const { everyHours, limits } = healthNodes("s", state(TOKENS.localMachine, { ...GATE, override: "for trying" }, []));
  expect(limits.override).toBe("for trying");
  expect(everyHours).toBeUndefined();
});

it("local machines share this computer", () => {
  const { nodes } = healthNodes("s", state(TOKENS.localMachine, GATE, ["cp-1", "worker-1"]));
  expect(nodes[0]?.shares).toEqual({ hypervisor: "this computer", with: ["worker-1"] });
});

it("a state without a gate is refused", () => {
  expect(() => healthNodes("s", state(TOKENS.localMachine, {}, []))).toThrow("its state has no disk gate");
});
