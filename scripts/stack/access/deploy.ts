import { policyArguments } from "../../../policy/arguments";
import { fingerprintIn } from "../plan/markdown";
import { exitCodeOf, type Plan } from "../plan/plan";
import { renderTerminal } from "../plan/terminal";
import { headline } from "../plan/words";
import { update, type UpdateResult } from "../../lib/pulumi";
import { previewPlan } from "./preview-run";
import { redacted } from "../../lib/redaction";
import type { StackAccess } from "./stack-access";
import { explainLock } from "./stack-lock";

/**
 * Looks at what `pulumi up` would do to a stack, and does it, telling what happens while it happens.
 *
 * It looks first in any case: some rules of the policy are about the stack as a whole, and an update tells that one is
 * broken when all of it is done.
 *
 * Not with Pulumi's own `--plan`: it takes the identity of a machine that isn't made yet, which every preview makes up
 * anew, for a promise, and stops the creation half-way (3.259.0).
 *
 * @param reviewed the plan that was reviewed, as Markdown: nothing is done when a preview shows another one now
 * @throws when the preview is broken, breaks a rule, or is not what was reviewed; nothing was done then
 */
export async function deploy(
  access: StackAccess,
  reviewed: string | undefined,
  tell: (line: string) => void,
): Promise<UpdateResult> {
  const plan = await previewPlan(access);
  const refusal = refusalOf(plan, reviewed);
  if (refusal !== undefined) {
    tell(renderTerminal(plan, false));
    throw new Error(refusal);
  }
  tell(headline(plan));
  const result = await update("up", policyArguments(access.stack), tell, access);
  return {
    ...result,
    changed: result.changed || exitCodeOf(plan) !== 0,
    errors: result.errors.map((error) => redacted(explainLock(error, access.stack))),
  };
}

/** Why a plan must not be carried out, as a sentence; nothing when it may. */
export function refusalOf(plan: Plan, reviewed: string | undefined): string | undefined {
  const { errors, fingerprint, stack } = plan;
  if (errors.length > 0)
    return [
      `stack ${stack} — its preview is broken, or breaks a rule; nothing was done:`,
      ...errors.map((error) => `  - ${error.replaceAll("\n", "\n    ")}`),
    ].join("\n");
  if (reviewed === undefined) return undefined;
  const expected = fingerprintIn(reviewed);
  if (expected === undefined)
    return (
      `stack ${stack} — what was reviewed is no whole plan (got no fingerprint in its second line, need the file that ` +
      "npm run preview wrote, of a preview that wasn't broken); nothing was done: make a new plan and have it reviewed"
    );
  if (expected === fingerprint) return undefined;
  return (
    `stack ${stack} — would be changed in another way than was reviewed (${headline(plan)}); nothing was done: make a ` +
    "new plan and have it reviewed. Where both read the same, they differ in what no plan shows: long values, scripts, " +
    "or the configuration or program that secret scripts come from"
  );
}
