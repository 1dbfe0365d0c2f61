import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { clearInterruption } from "./access/interruption";
import { accessStack } from "./access/stack-access";

export const command = defineCommand({
  name: "npm run recover",
  summary:
    "Makes a stack ready for its next update after one was killed, for example with its runner (docs/guides/ci.md): releases the " +
    "lock and drops pending operations. Never while an update is alive.",
  arguments: [{ name: "STACK", summary: "a stack with a Pulumi.STACK.yaml; not local, which npm start recovers" }],
  flags: {},
  exits: { 0: "the stack is ready for its next update", 1: "refused; nothing was done" },
  run: async ([stack]) => {
    if (stack === "local") throw new Error("stack local — recovers by itself: npm start");
    const access = await accessStack(stack, { emptyIsFine: false });
    for (const line of await clearInterruption(access)) print(`${line}\n`);
  },
});

runAsProgram(module, command);
