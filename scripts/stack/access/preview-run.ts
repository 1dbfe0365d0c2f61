import { type Printed, reasonOf, runPulumi } from "../../lib/pulumi";
import { redacted } from "@gitops-platform/cli/redaction";
import { policyArguments } from "../../../policy/arguments";
import { describeFinding, type Finding, Findings } from "../../../policy/findings";
import type { Digest } from "../plan/digest";
import { brokenPlan, type Plan, planOf } from "../plan/plan";
import { programHash } from "./program";
import type { StackAccess } from "./stack-access";

const UNRULED =
  "policy/pack.js — did not start, so no rule was checked; run npx pulumi preview --policy-pack policy/pack.js to see why";

/**
 * Runs `pulumi preview --json` and makes a plan of it; a preview that fails is a plan with the reasons. It connects to the
 * state backend and, once the stack has a cluster, to its API.
 *
 * @param savePlan file for the plan that `pulumi up --plan` takes; its secrets are encrypted
 */
export async function previewPlan(access: StackAccess, savePlan?: string): Promise<Plan> {
  const findings = new Findings();
  try {
    const flags = [...policyArguments(access.stack), ...(savePlan === undefined ? [] : ["--save-plan", savePlan])];
    const env = { ...access.env, ...findings.env };
    const result = await runPulumi(["preview", "--json", "--show-sames", ...access.args, ...flags], { env });
    return planFrom(access, result, findings.read());
  } finally {
    findings.remove();
  }
}

/** @param findings what the policy found; undefined when it did not run */
function planFrom(access: StackAccess, result: Printed, findings: readonly Finding[] | undefined): Plan {
  const digest = parseDigest(result.stdout);
  if (!digest) return brokenPlan(access.stack, complaint(result, access.stack));
  const found = findings?.map((finding) => ({ message: describeFinding(finding), mandatory: finding.mandatory }));
  const plan = planOf(access.stack, digest, found);
  const silent = result.exitCode !== 0 && plan.errors.length === 0;
  const unruled = findings === undefined && result.exitCode === 0;
  return redactedPlan({
    ...plan,
    errors: [...plan.errors, ...(silent ? [complaint(result, access.stack)] : []), ...(unruled ? [UNRULED] : [])],
    warnings: [...(access.notice ? [access.notice] : []), ...plan.warnings],
  });
}

/** The JSON document that a preview prints when it gets that far. */
function parseDigest(stdout: string): Digest | undefined {
  const begin = stdout.indexOf("{");
  try {
    return begin < 0 ? undefined : { ...(JSON.parse(stdout.slice(begin)) as Digest), program: programHash() };
  } catch {
    return undefined;
  }
}

/** Why there is no plan. */
function complaint(result: Printed, stack: string): string {
  const reason = reasonOf(result);
  if (/no stack named/.test(reason))
    return `stack ${stack} — is not in this backend; create it once: npx pulumi stack init ${stack} --secrets-provider passphrase`;
  return reason || "Pulumi gave no reason; run npx pulumi preview to see more";
}

/** The same plan with every text redacted. */
export function redactedPlan(plan: Plan): Plan {
  return {
    ...plan,
    risks: plan.risks.map((text) => redacted(text)),
    warnings: plan.warnings.map((text) => redacted(text)),
    errors: plan.errors.map((text) => redacted(text)),
    groups: plan.groups.map(({ title, changes }) => ({
      title: redacted(title),
      changes: changes.map((change) => ({
        ...change,
        name: redacted(change.name),
        details: change.details.map((text) => redacted(text)),
      })),
    })),
  };
}
