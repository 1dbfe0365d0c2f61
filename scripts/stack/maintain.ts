import { REMOTE_COMMAND } from "../../components/tokens";
import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { modelOf, requireFacts } from "../lib/stack-model";
import { type Deployment, plain } from "../lib/stack-state";
import { holdPlatform } from "../local/platform/exclusive";
import { accessStack } from "./access/stack-access";
import { refuseLocked } from "./access/stack-lock";
import { exportState } from "./drift/cluster";
import { endpointsOf, type NodeConnection, type StepConnection } from "./drift/expected";
import { AS_ROOT, runOnNode } from "./drift/node-command";

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

type Verb = "apply" | "maintain" | "probe" | "upgrade";

function run({ connection, stdin }: Turn, verb: Verb): Promise<string> {
  const command = `${AS_ROOT} timeout --kill-after=15 ${TURN_SECONDS} bash -s -- ${verb}`;
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

/** What is done to each node. */
export interface Work {
  /** Debian's updates; a node that needs it for them is rebooted. */
  readonly packages: boolean;
  readonly reboot: boolean;
}

/** What the verb `upgrade` prints. */
interface Upgraded {
  readonly updates: readonly string[];
  /** Packages that an operator holds. */
  readonly held: readonly string[];
  readonly reboot: boolean;
}

/**
 * Does the work on one node.
 *
 * @param on runs a verb of the node's turn
 * @param booted returns once the node has booted
 */
export async function maintainNode(
  { packages, reboot }: Work,
  on: (verb: Verb) => Promise<string>,
  booted: () => Promise<void>,
  say: (text: string) => void,
): Promise<void> {
  const upgraded = packages ? (JSON.parse(await on("upgrade")) as Upgraded) : { updates: [], held: [], reboot: false };
  const { held, updates } = upgraded;
  if (updates.length > 0) say(`drained, ${updates.length} packages updated: ${updates.join(", ")}`);
  if (packages && updates.length === 0) say("no packages to update");
  if (held.length > 0) say(`kept as they are, because they are held there: ${held.join(", ")}`);
  if (reboot || upgraded.reboot) {
    await on("maintain");
    say("drained, reboots");
    await booted();
  }
  // It ends the turn: waits for the node's health, and lets pods in again. Without a turn it changes nothing.
  await on("apply");
}

export const command = defineCommand({
  name: "npm run maintain",
  summary:
    "Updates Debian's packages on the nodes of a stack, or reboots them, one after the other, each drained first, and healthy and " +
    "schedulable again before the next (docs/guides/upgrading.md). It stops at the first node that can't be drained or doesn't come back.",
  arguments: [
    { name: "STACK", summary: "local, or a stack with a Pulumi.STACK.yaml" },
    { name: "NODE", summary: "nodes of the stack; none: all of them", optional: true, many: true },
  ],
  flags: {
    packages: {
      type: "boolean",
      summary: "installs what their apt sources offer, and reboots nodes that need it then",
    },
    reboot: { type: "boolean", summary: "reboots them; without a flag only the order is printed" },
  },
  exits: { 0: "every node is back", 1: "a node stopped it", 7: "shown only" },
  run: async ([stack, names], { packages, reboot }) => {
    if (stack === "local") await holdPlatform();
    const access = await accessStack(stack, { emptyIsFine: false });
    const deployment = await exportState(access);
    const turns = turnsOf(stack, deployment, names);
    const order = turns.map(({ node }) => node);
    if (!packages && !reboot) {
      print(
        `In this order: ${order.join(", ")}\nNothing was changed. To do it: npm run maintain -- ${[stack, ...names].join(" ")} --packages, --reboot, or both\n`,
      );
      return 7;
    }
    for (const [index, turn] of turns.entries()) {
      const begin = Date.now();
      const say = (text: string): void => print(`${turn.node}: ${text}\n`);
      try {
        await refuseLocked(access, deployment);
        await maintainNode(
          { packages, reboot },
          (verb) => run(turn, verb),
          () => boot(turn),
          say,
        );
      } catch (error) {
        const left = order.slice(index + 1);
        const untouched = left.length > 0 ? `\nNot touched: ${left.join(", ")}.` : "";
        throw new Error(`${turn.node}: ${error instanceof Error ? error.message : String(error)}${untouched}`);
      }
      say(`healthy and schedulable after ${((Date.now() - begin) / 1000).toFixed(0)} s`);
    }
    return 0;
  },
});

runAsProgram(module, command);
