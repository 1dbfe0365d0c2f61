import { policyArguments } from "../../../policy/arguments";
import { fingerprintIn } from "../plan/markdown";
import { exitCodeOf, type Plan } from "../plan/plan";
import { renderTerminal } from "../plan/terminal";
import { headline } from "../plan/words";
import { relative } from "node:path";
import { root } from "../../lib/paths";
import { update, updateCommand, type UpdateResult } from "../../lib/update";
import { previewPlan } from "./preview-run";
import { waitForStackApi } from "./stack-api";
import type { StackAccess } from "./stack-access";

/** A control plane that restarts is ready within a minute; a lost one must not hold up its own repair for long. */
const API_SECONDS = 90;

export interface CheckedUpdateOptions {
  /** The reviewed plan, as Markdown: nothing is done when the preview differs from it. */
  readonly reviewed?: string | undefined;
  /** Takes one redacted line at a time. */
  readonly report: (line: string) => void;
  /** How long an API server that isn't ready is waited for. @default 90 */
  readonly apiSeconds?: number;
}

/**
 * Previews a stack and, unless the preview forbids it, runs `pulumi up`. The preview always comes first: some rules of the
 * policy judge the stack as a whole, and an update reports them when it is done.
 *
 * Pulumi's own `--plan` does not work here: every preview invents a new identity for a machine that isn't made yet, and
 * `up --plan` stops half-way at the difference (3.259.0).
 *
 * @throws when the preview is broken, breaks a rule, or differs from what was reviewed; nothing was done then
 */
export async function checkedUpdate(access: StackAccess, options: CheckedUpdateOptions): Promise<UpdateResult> {
  const { apiSeconds = API_SECONDS, report, reviewed } = options;
  const plan = await previewPlan(access);
  const refusal = refusalOf(plan, reviewed);
  if (refusal !== undefined) {
    report(renderTerminal(plan, false));
    throw new Error(refusal);
  }
  report(headline(plan));
  const changes = exitCodeOf(plan) !== 0;
  // Objects are written through the API; an unchanged stack needs none.
  if (changes) await waitForStackApi(access, apiSeconds, report);
  const flags = policyArguments(access.stack);
  report(`pulumi ${updateCommand("up", access, flags).map(fromRoot).join(" ")}`);
  const result = await update("up", access, flags, report);
  return { ...result, changed: result.changed || changes };
}

/** A path inside the clone as an operator types it. */
function fromRoot(word: string): string {
  return word.startsWith(root) ? relative(root, word) : word;
}

/** Why a plan must not be carried out, as a sentence. */
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
