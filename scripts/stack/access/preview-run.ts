import { execa } from "execa";
import { root } from "../../lib/paths";
import { pulumiBinary } from "../../lib/pulumi";
import type { Digest } from "../plan/digest";
import { brokenPlan, type Plan, planOf } from "../plan/plan";
import { policyArguments } from "../../../policy/arguments";
import { describeFinding, type Finding, Findings } from "../../../policy/findings";
import { programHash } from "./program";
import { redacted, redactedPlan } from "../../lib/redaction";
import type { StackAccess } from "./stack-access";

interface Printed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const UNRULED =
  "policy/pack.js — was not started, so nothing says that the rules were kept; run npx pulumi preview --policy-pack policy/pack.js to see why";

/**
 * Runs `pulumi preview --json` and makes a plan of it; a preview that fails is a plan with the reasons. Nothing is
 * connected but the state backend and, once the stack has a cluster, its API.
 *
 * @param savePlan file that the plan which `pulumi up --plan` takes is written to; its secrets are encrypted
 */
export async function previewPlan(access: StackAccess, savePlan?: string): Promise<Plan> {
  const findings = new Findings();
  try {
    const result = await execa(
      pulumiBinary(),
      [
        ...["preview", "--json", "--show-sames", "--non-interactive", "--color", "never"],
        ...[...access.args, ...policyArguments(access.stack)],
        ...(savePlan === undefined ? [] : ["--save-plan", savePlan]),
      ],
      {
        ...{ cwd: root, stdin: "ignore", reject: false, maxBuffer: 2 ** 30 },
        env: { ...access.env, ...findings.env },
      },
    );
    return planFrom(access, result, findings.read());
  } finally {
    findings.remove();
  }
}

/** What a preview printed, and what the rules found in it; no list when they were not even asked. */
function planFrom(access: StackAccess, result: Printed, findings: readonly Finding[] | undefined): Plan {
  const digest = parseDigest(result.stdout);
  if (!digest) return brokenPlan(access.stack, complaint(result.stderr, access.stack));
  const found = findings?.map((finding) => ({ message: describeFinding(finding), mandatory: finding.mandatory }));
  const plan = planOf(access.stack, digest, found);
  const silent = result.exitCode !== 0 && plan.errors.length === 0;
  const unruled = findings === undefined && result.exitCode === 0;
  return redactedPlan({
    ...plan,
    errors: [
      ...plan.errors,
      ...(silent ? [complaint(result.stderr, access.stack)] : []),
      ...(unruled ? [UNRULED] : []),
    ],
    warnings: [...(access.notice ? [access.notice] : []), ...plan.warnings],
  });
}

/** The one JSON document that a preview prints; nothing when it did not get that far. */
function parseDigest(stdout: string): Digest | undefined {
  const begin = stdout.indexOf("{");
  try {
    return begin < 0 ? undefined : { ...(JSON.parse(stdout.slice(begin)) as Digest), program: programHash() };
  } catch {
    return undefined;
  }
}

/** What the CLI said before there was any plan; it may repeat the backend's URL. */
function complaint(stderr: string, stack: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("npm warn"));
  const text = redacted(lines.join("\n").replace(/^error: /, ""));
  if (/no stack named/.test(text))
    return `stack ${stack} — is not in this backend; create it once: npx pulumi stack init ${stack} --secrets-provider passphrase`;
  return text || "Pulumi gave no reason; run npx pulumi preview to see more";
}
