import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { planRemoval, removeFromState } from "./access/removal-run";
import { accessStack } from "./access/stack-access";
import { renderRemoval } from "./forget/report";

export const command = defineCommand({
  name: "npm run forget",
  summary:
    "Takes lost nodes and hypervisors out of a stack's state, so that the next update no longer waits for them " +
    "(docs/runbooks/dead-hypervisor.md). Only the state is touched; without --yes it only shows what would go.",
  arguments: [
    { name: "STACK", summary: "a stack with a Pulumi.STACK.yaml; not local, where npm start finds lost machines" },
    { name: "NAME", summary: "a node, or a hypervisor, which stands for itself and its guests", many: true },
  ],
  flags: { yes: { type: "boolean", summary: "takes them out" } },
  exits: { 0: "taken out", 1: "refused; nothing was done", 7: "shown only" },
  run: async ([stack, names], flags) => {
    if (stack === "local") throw new Error("stack local — finds its lost machines by itself: npm start");
    const access = await accessStack(stack, { emptyIsFine: false });
    const planned = await planRemoval(access, names);
    print(renderRemoval(stack, planned.removal));
    if (!flags.yes) {
      print(`\nNothing was changed. To do it: npm run forget -- ${[stack, ...names].join(" ")} --yes\n`);
      return 7;
    }
    const file = await removeFromState(access, planned);
    print(
      `\nTaken out. The state as it was, secrets encrypted, is in ${file}. To go back, before any update:\n` +
        `  npx pulumi stack import --stack ${stack} --file ${file}\n`,
    );
    return 0;
  },
});

runAsProgram(module, command);
