import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { StackFileError } from "../lib/stack-yaml";
import { previewPlan } from "./access/preview-run";
import { accessStack } from "./access/stack-access";
import { renderMarkdown } from "./plan/markdown";
import { brokenPlan, exitCodeOf } from "./plan/plan";
import { renderTerminal } from "./plan/terminal";
import { mergeRequest } from "./review/merge-request";

export const command = defineCommand({
  name: "npm run preview",
  summary: "Shows what `pulumi up` would do to a stack. Nothing is changed, and no machine is connected to.",
  arguments: [{ name: "STACK", summary: "local, or a stack with a Pulumi.STACK.yaml" }],
  flags: {
    markdown: { type: "string", value: "FILE", summary: "writes the plan for a review, and for npm run deploy --plan" },
    "save-plan": { type: "string", value: "FILE", summary: "writes the plan that `pulumi up --plan` takes" },
    comment: { type: "boolean", summary: "writes the plan to the merge request whose pipeline this runs in" },
  },
  exits: { 0: "nothing would change", 1: "the preview is broken, or breaks a rule", 7: "something would change" },
  run: async ([stack], { comment, markdown: file, "save-plan": savePlan }) => {
    // First: a missing token is reported before the time of a preview is spent.
    const review = comment ? mergeRequest(process.env) : undefined;
    if (savePlan !== undefined) mkdirSync(dirname(savePlan), { recursive: true });

    // Without a backend everything would be made anew, and a reviewer would take that for the plan.
    const plan = await accessStack(stack, { emptyIsFine: savePlan === undefined && !comment }).then(
      (access) => previewPlan(access, savePlan),
      (error: unknown) => {
        if (error instanceof StackFileError) return brokenPlan(stack, error.message);
        throw error;
      },
    );
    const markdown = renderMarkdown(plan, review?.source);
    if (file !== undefined) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, markdown);
    }
    print(renderTerminal(plan, process.stdout.isTTY));
    if (review) print(`${await review.comment(stack, markdown)}\n`);
    return exitCodeOf(plan);
  },
});

runAsProgram(module, command);
