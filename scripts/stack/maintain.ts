import { REMOTE_COMMAND } from "../../components/tokens";
import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { modelOf, requireFacts } from "../lib/stack-model";
import { type Deployment, plain } from "../lib/stack-state";
import { holdPlatform } from "../local/platform/exclusive";
import { accessStack } from "./access/stack-access";
import { exportState } from "./drift/cluster";
import { endpointsOf, type NodeConnection, type StepConnection } from "./drift/expected";
import { runOnNode } from "./drift/node-command";

/** A drain may take an hour. */
const TURN_SECONDS = 4500;
/** How long a node may take to boot. */
const BOOT_SECONDS = 600;
const PAUSE_SECONDS = 3;

/** A member's own step that drains it and waits for its health, as the last update ran it. */
interface Turn {
  readonly node: string;
  readonly connection: NodeConnection;
  /** The script (secret). */
  readonly stdin: string;
}

/** The turns of a stack's members in the order of an upgrade: control planes, then workers. @throws for an unknown name */
export function turnsOf(stack: string, deployment: Deployment, names: readonly string[]): readonly Turn[] {
  const model = modelOf(deployment.resources ?? []);
  requireFacts(stack, model);
  const turns = (deployment.resources ?? []).flatMap(({ inputs, type, urn }): Turn[] => {
    const { node, step } = model.stepOf(urn) ?? {};
    if (type !== REMOTE_COMMAND || step !== "activation" || node === undefined) return [];
    const connection = endpointsOf(plain(inputs?.["connection"]) as StepConnection);
    return [{ node, connection, stdin: String(plain(inputs?.["stdin"])) }];
  });
  const ordered = model.nodes.flatMap(({ name }) => turns.filter(({ node }) => node === name));
  if (ordered.length === 0)
    throw new Error(`stack ${stack} — its state has no member's turn; run an update with this version first`);
  const unknown = names.filter((name) => !ordered.some(({ node }) => node === name));
  if (unknown.length > 0)
    throw new Error(
      `${unknown.join(", ")} — no node of the stack ${stack} has that name (it has ${ordered.map(({ node }) => node).join(", ")})`,
    );
  return names.length === 0 ? ordered : ordered.filter(({ node }) => names.includes(node));
}

function run({ connection, stdin }: Turn, verb: "apply" | "maintain" | "probe"): Promise<string> {
  const command = `$([ "$(id -u)" = 0 ] || echo sudo -n) timeout --kill-after=15 ${TURN_SECONDS} bash -s -- ${verb}`;
  return runOnNode(connection, { command, stdin, seconds: TURN_SECONDS + 30 });
}

/** Waits until the node has booted: until then it doesn't answer, or answers that it has not gone down. @throws its last answer */
async function boot(turn: Turn): Promise<void> {
  const deadline = Date.now() + BOOT_SECONDS * 1000;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_SECONDS * 1000));
    try {
      await run(turn, "probe");
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

export const command = defineCommand({
  name: "npm run maintain",
  summary:
    "Reboots the nodes of a stack one after the other, each drained first, and healthy and schedulable again before the next " +
    "(docs/guides/upgrading.md). It stops at the first node that can't be drained or doesn't come back.",
  arguments: [
    { name: "STACK", summary: "local, or a stack with a Pulumi.STACK.yaml" },
    { name: "NODE", summary: "nodes of the stack; none: all of them", optional: true, many: true },
  ],
  flags: { reboot: { type: "boolean", summary: "reboots them; without it only the order is printed" } },
  exits: { 0: "every node is back", 1: "a node stopped it", 7: "shown only" },
  run: async ([stack, names], flags) => {
    if (stack === "local") await holdPlatform();
    const access = await accessStack(stack, { emptyIsFine: false });
    const turns = turnsOf(stack, await exportState(access), names);
    const order = turns.map(({ node }) => node);
    if (!flags.reboot) {
      print(
        `In this order: ${order.join(", ")}\nNothing was changed. To do it: npm run maintain -- ${[stack, ...names].join(" ")} --reboot\n`,
      );
      return 7;
    }
    for (const [index, turn] of turns.entries()) {
      const begin = Date.now();
      try {
        await run(turn, "maintain");
        print(`${turn.node}: drained, reboots\n`);
        await boot(turn);
        // It ends the turn: waits for the node's health, and lets pods in again.
        await run(turn, "apply");
      } catch (error) {
        const left = order.slice(index + 1);
        const untouched = left.length > 0 ? `\nNot touched: ${left.join(", ")}.` : "";
        throw new Error(`${turn.node}: ${error instanceof Error ? error.message : String(error)}${untouched}`);
      }
      print(`${turn.node}: healthy and schedulable after ${((Date.now() - begin) / 1000).toFixed(0)} s\n`);
    }
    return 0;
  },
});

runAsProgram(module, command);
