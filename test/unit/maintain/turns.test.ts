/** Which nodes a maintenance takes, and in which order. The rebooting itself is proved on real machines only. */
import { expect, it } from "vitest";
import { stepsOf } from "../../../components/kubernetes/steps";
import { REMOTE_COMMAND, TOKENS } from "../../../components/tokens";
import type { Deployment } from "../../../scripts/lib/stack-state";
import { maintainNode, turnsOf, type Work } from "../../../scripts/stack/maintain";

const urn = (type: string, name: string): string => `urn:pulumi:local::gitops-platform::${type}::${name}`;
const CLUSTER = urn(TOKENS.kubernetesCluster, "local");
const nodes = [
  { name: "cp-1", role: "control-plane" },
  { name: "cp-2", role: "control-plane" },
  { name: "worker-1", role: "worker" },
];

const step = (node: string, kind: string): object => ({
  urn: urn(`${TOKENS.kubernetesCluster}$${REMOTE_COMMAND}`, `local-${node}-${kind}`),
  type: REMOTE_COMMAND,
  parent: CLUSTER,
  inputs: {
    connection: { host: node, user: "root", privateKey: "KEY", hostKey: "ssh-ed25519 A" },
    stdin: `${kind} of ${node}`,
  },
});

/** A state whose resources come in another order than the cluster's nodes. */
function stateOf(...kinds: readonly string[]): Deployment {
  const steps = stepsOf("local", ["cp-1", "cp-2", "worker-1"], true);
  return {
    resources: [
      { urn: CLUSTER, type: TOKENS.kubernetesCluster, inputs: { nodes, steps } },
      ...nodes.map(({ name, role }) => ({
        ...{ urn: urn(TOKENS.localMachine, name), type: TOKENS.localMachine, inputs: { role, steps: {} } },
      })),
      ...["worker-1", "cp-2", "cp-1"].flatMap((node) => kinds.map((kind) => step(node, kind))),
    ],
  } as unknown as Deployment;
}

it("takes control planes first, then workers, each with its own script and connection", () => {
  const turns = turnsOf("local", stateOf("prepare", "activation"), []);
  expect(turns.map(({ connection, node, stdin }) => [node, connection.host, stdin])).toEqual([
    ["cp-1", "cp-1", "activation of cp-1"],
    ["cp-2", "cp-2", "activation of cp-2"],
    ["worker-1", "worker-1", "activation of worker-1"],
  ]);
});

it("takes the named nodes only, in the cluster's order", () => {
  const turns = turnsOf("local", stateOf("activation"), ["worker-1", "cp-1"]);
  expect(turns.map(({ node }) => node)).toEqual(["cp-1", "worker-1"]);
});

it("refuses a name that no node has, and a state without turns", () => {
  expect(() => turnsOf("local", stateOf("activation"), ["cp-1", "cp-9"])).toThrow(
    "cp-9 — no node of the stack local has that name (it has cp-1, cp-2, worker-1)",
  );
  expect(() => turnsOf("local", stateOf("prepare"), [])).toThrow(/its state has no member's turn; run an update/);
});

/** What is run on a node, and what is printed of it. */
async function maintained(work: Partial<Work>, upgraded: object = {}): Promise<{ ran: string[]; said: string[] }> {
  const [ran, said]: [string[], string[]] = [[], []];
  const on = (verb: string): Promise<string> => {
    ran.push(verb);
    return Promise.resolve(
      verb === "upgrade" ? JSON.stringify({ updates: [], held: [], reboot: false, ...upgraded }) : "",
    );
  };
  const booted = (): Promise<void> => Promise.resolve(void ran.push("booted"));
  await maintainNode({ packages: false, reboot: false, ...work }, on, booted, (text) => void said.push(text));
  return { ran, said };
}

it("reboots when it is asked to, or when the packages need it", async () => {
  expect((await maintained({ reboot: true })).ran).toEqual(["maintain", "booted", "apply"]);
  expect((await maintained({ packages: true })).ran).toEqual(["upgrade", "apply"]);
  expect((await maintained({ packages: true }, { reboot: true })).ran).toEqual([
    "upgrade",
    "maintain",
    "booted",
    "apply",
  ]);
});

it("prints which packages were updated, and which are held", async () => {
  expect((await maintained({ packages: true })).said).toEqual(["no packages to update"]);
  const updates = ["linux-image-amd64", "openssl"];
  expect((await maintained({ packages: true }, { updates, held: ["containerd"] })).said).toEqual([
    "drained, 2 packages updated: linux-image-amd64, openssl",
    "kept as they are, because they are held there: containerd",
  ]);
});
