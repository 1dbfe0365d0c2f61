import { execa } from "execa";
import { followEvents } from "../platform/event-log";
import type { EngineEvent } from "../platform/events";
import { root } from "../platform/paths";
import { pulumiBinary } from "../platform/pulumi";
import type { Digest } from "../plan/digest";
import { brokenPlan, type Plan, planOf, type PolicyFinding } from "../plan/plan";
import { policyArguments } from "../../../policy/arguments";
import { programHash } from "./program";
import { redacted, redactedPlan } from "./redaction";
import type { StackAccess } from "./stack-access";

/** An event of Pulumi's log that a policy pack caused. */
interface PolicyEvent extends EngineEvent {
  readonly policyEvent?: { readonly message: string; readonly policyName: string; readonly enforcementLevel: string };
}

/**
 * Runs `pulumi preview --json` and makes a plan of it; a preview that fails is a plan with the reasons. Nothing is
 * connected but the state backend and, once the stack has a cluster, its API.
 *
 * @param savePlan file that the plan which `pulumi up --plan` takes is written to; its secrets are encrypted
 */
export async function previewPlan(access: StackAccess, savePlan?: string): Promise<Plan> {
  const findings: PolicyFinding[] = [];
  const packs = policyArguments(access.stack);
  // The digest leaves out what policies say; the event log has it, and is never kept.
  const events =
    packs.length > 0 ? followEvents("/dev/null", (event) => findings.push(...findingsOf(event))) : undefined;
  const result = await execa(
    pulumiBinary(),
    [
      ...["preview", "--json", "--non-interactive", "--color", "never", ...access.args, ...packs],
      ...(events ? ["--event-log", events.file] : []),
      ...(savePlan === undefined ? [] : ["--save-plan", savePlan]),
    ],
    {
      ...{ cwd: root, stdin: "ignore", reject: false, maxBuffer: 2 ** 30 },
      env: { ...access.env, ...(events ? { PULUMI_DEBUG_COMMANDS: "true" } : {}) },
    },
  );
  events?.end();
  const digest = parseDigest(result.stdout);
  if (!digest) return brokenPlan(access.stack, complaint(result.stderr, access.stack));
  const plan = planOf(access.stack, digest, findings);
  const silent = result.exitCode !== 0 && plan.errors.length === 0;
  return redactedPlan({
    ...plan,
    errors: silent ? [complaint(result.stderr, access.stack)] : plan.errors,
    warnings: [...(access.notice ? [access.notice] : []), ...plan.warnings],
  });
}

function findingsOf(event: PolicyEvent): readonly PolicyFinding[] {
  const { policyEvent } = event;
  if (!policyEvent) return [];
  const message = `${policyEvent.policyName}: ${policyEvent.message.replaceAll(/<\{%.*?%\}>/g, "").trim()}`;
  return [{ message, mandatory: policyEvent.enforcementLevel === "mandatory" }];
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
