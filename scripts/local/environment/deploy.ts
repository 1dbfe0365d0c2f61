import { renderMarkdown, samePlan } from "../plan/markdown";
import { headline } from "../plan/words";
import { update, type UpdateResult } from "../platform/pulumi";
import { policyArguments } from "../../../policy/arguments";
import { previewPlan } from "./preview-run";
import type { StackAccess } from "./stack-access";
import { explainLock } from "./stack-lock";

/**
 * Runs `pulumi up` on a stack and tells what happens while it happens.
 *
 * Not with Pulumi's own `--plan`: it takes the identity of a machine that isn't made yet, which every preview makes up
 * anew, for a promise, and stops the creation half-way (3.259.0).
 *
 * @param reviewed the plan that was reviewed, as Markdown: nothing is done when a preview shows another one now
 */
export async function deploy(
  access: StackAccess,
  reviewed: string | undefined,
  tell: (line: string) => void,
): Promise<UpdateResult> {
  if (reviewed !== undefined) {
    const plan = await previewPlan(access);
    if (!samePlan(renderMarkdown(plan), reviewed))
      throw new Error(
        `stack ${access.stack} — would be changed in another way than was reviewed (${headline(plan)}); ` +
          "nothing was done: make a new plan and have it reviewed",
      );
  }
  const result = await update("up", policyArguments(access.stack), tell, access);
  return { ...result, errors: result.errors.map((error) => explainLock(error, access.stack)) };
}
