import { defineCommand, runAsProgram } from "@gitops-platform/cli/command";
import { localTarget, runPulumiOnTerminal } from "../lib/pulumi";
import { holdPlatform } from "./platform/exclusive";

/** Commands that read the stack's configuration. */
const WITH_CONFIG = new Set(["preview", "up", "destroy", "refresh", "config"]);

export const command = defineCommand({
  name: "npm run pulumi",
  summary:
    "Runs any Pulumi command on the local stack, with the platform's backend, passphrase and rendered stack file: npm run " +
    "pulumi -- preview.",
  arguments: [
    { name: "COMMAND", summary: "a command of Pulumi (default: help)", optional: true },
    { name: "ARG", summary: "its arguments and flags, handed over as they are", many: true, optional: true },
  ],
  flags: {},
  exits: { 0: "as Pulumi's", 1: "as Pulumi's, or another command holds the platform" },
  passThrough: true,
  run: async (given) => {
    // `npm start` and `npm stop` release locks and end processes of a killed Pulumi: they must not meet a living one.
    await holdPlatform();
    const [verb = "help", ...args] = given as readonly string[];
    const { args: local, env, stack } = localTarget();
    const selection = WITH_CONFIG.has(verb) ? local : verb === "stack" ? ["--stack", stack] : [];
    return runPulumiOnTerminal([verb, ...args, ...selection], env);
  },
});

runAsProgram(module, command);
