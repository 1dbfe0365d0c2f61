/**
 * `npm run preview -- STACK [--markdown FILE] [--save-plan FILE] [--comment]`: what `pulumi up` would do to a stack, for
 * people. `--comment` puts it on the merge request whose pipeline this runs in. Nothing is changed, and no machine is
 * asked.
 *
 * Exit code: 0 nothing would change, 7 something would, 1 the preview is broken or breaks a rule.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { previewPlan } from "./access/preview-run";
import { redacted } from "../lib/redaction";
import { accessStack } from "./access/stack-access";
import { renderMarkdown } from "./plan/markdown";
import { exitCodeOf } from "./plan/plan";
import { renderTerminal } from "./plan/terminal";
import { mergeRequest } from "./review/merge-request";

const USAGE = "npm run preview -- STACK [--markdown FILE] [--save-plan FILE] [--comment]";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      markdown: { type: "string" },
      "save-plan": { type: "string" },
      comment: { type: "boolean", default: false },
    },
  });
  const [stack, ...rest] = positionals;
  if (stack === undefined || rest.length > 0) throw new Error(`Which stack? ${USAGE}`);
  // Asked for first: a comment that can't be written is told before the time of a preview is spent.
  const review = values.comment ? mergeRequest(process.env) : undefined;
  const savePlan = values["save-plan"];
  if (savePlan !== undefined) mkdirSync(dirname(savePlan), { recursive: true });

  // A comment that everything would be made anew, for want of a backend, would be taken for the plan.
  const access = await accessStack(stack, { emptyIsFine: savePlan === undefined && !values.comment });
  const plan = await previewPlan(access, savePlan);
  const markdown = renderMarkdown(plan, review?.source);
  if (values.markdown !== undefined) {
    mkdirSync(dirname(values.markdown), { recursive: true });
    writeFileSync(values.markdown, markdown);
  }
  process.stdout.write(renderTerminal(plan, process.stdout.isTTY));
  if (review) process.stdout.write(`${await review.comment(stack, markdown)}\n`);
  process.exitCode = exitCodeOf(plan);
}

main().catch((error: unknown) => {
  process.stderr.write(`${redacted(error instanceof Error ? error.message : String(error))}\n`);
  process.exitCode = 1;
});
