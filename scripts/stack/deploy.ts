import { readFileSync } from "node:fs";
import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { applicationReport } from "./access/application-report";
import { accessStack } from "./access/stack-access";
import { checkedUpdate } from "./access/checked-update";

export const command = defineCommand({
  name: "npm run deploy",
  summary:
    "Previews a stack and, unless the preview is broken or breaks a rule, runs `pulumi up` as a pipeline does. One update at " +
    "a time: a second one is refused. It is what `npx pulumi up --continue-on-error --policy-pack policy/pack.js` does.",
  arguments: [{ name: "STACK", summary: "a stack with a Pulumi.STACK.yaml; not local, which npm start brings up" }],
  flags: {
    plan: {
      type: "string",
      value: "FILE",
      summary: "the reviewed plan that npm run preview wrote with --markdown; any other plan is refused",
    },
  },
  exits: { 0: "the stack is up", 1: "refused, or the update failed; what was done so far is kept" },
  run: async ([stack], flags) => {
    if (stack === "local") throw new Error("stack local — is brought up by npm start");
    const access = await accessStack(stack, { emptyIsFine: false });
    const begin = performance.now();
    const reviewed = flags.plan === undefined ? undefined : readFileSync(flags.plan, "utf8");
    const result = await checkedUpdate(access, { reviewed, report: (line) => print(`${line}\n`) });
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    if (result.exitCode !== 0) {
      const errors = result.errors.map((error) => `  - ${error.replaceAll("\n", "\n    ")}`);
      const applications = await applicationReport(access);
      const lines = [`The stack ${stack} is not up (${seconds} s):`, ...errors, ...applications, `Log: ${result.log}`];
      throw new Error(lines.join("\n"));
    }
    print(`The stack ${stack} is up (${seconds} s)${result.changed ? "" : "; nothing to change"}.\n`);
  },
});

runAsProgram(module, command);
