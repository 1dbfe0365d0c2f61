import type { StackAccess } from "../access/stack-access";
import { describeEvent, type EngineEvent } from "../../lib/events";
import { pulumi, runPulumi } from "../../lib/pulumi";
import type { Deployment } from "../../lib/stack-state";
import type { Blind, Finding } from "./finding";
import { type RefreshEvent, refreshedFindings, unreadyObjects } from "./refreshed";

/** An API that answers nothing makes every plugin wait; this is far beyond what a living one takes. */
const REFRESH_SECONDS = 300;

/** The stack's state, secrets in clear: never written anywhere. @throws with Pulumi's own reason when there is none */
export async function exportState(access: StackAccess): Promise<Deployment> {
  const text = await pulumi(access, ["stack", "export", "--show-secrets"]);
  return (JSON.parse(text) as { deployment?: Deployment }).deployment ?? {};
}

interface RefreshedCluster {
  readonly findings: readonly Finding[];
  readonly blind: readonly Blind[];
  /** Objects that are as they were written, but not ready, a sentence each. */
  readonly unready: readonly string[];
}

/** Compares what is in the cluster with the state: `pulumi refresh`, of which only the preview is made. */
export async function refreshCluster(access: StackAccess, deployment: Deployment): Promise<RefreshedCluster> {
  const findings: Finding[] = [];
  const unready: string[] = [];
  const errors: string[] = [];
  const started = new Map<string, number>();
  const onEvent = (event: EngineEvent & RefreshEvent): void => {
    findings.push(...refreshedFindings(event, deployment));
    unready.push(...unreadyObjects(event));
    const error = describeEvent(event, started)?.error;
    if (error !== undefined) errors.push(error);
  };
  const result = await runPulumi(["refresh", "--preview-only", "--suppress-outputs", ...access.args], {
    ...{ env: access.env, onEvent, timeoutMs: REFRESH_SECONDS * 1000 },
  });
  // Objects are read in parallel: in the order of their names, two runs can be compared.
  findings.sort((left, right) => left.what.localeCompare(right.what));
  const seen = { findings, unready: unready.sort() };
  if (result.exitCode === 0 && errors.length === 0) return { ...seen, blind: [] };
  return { ...seen, blind: [{ where: "cluster", reason: refreshReason(errors, result) }] };
}

/** Every object of an unreachable cluster gives the same error: the first one says it. */
function refreshReason(errors: readonly string[], { timedOut, stderr }: { timedOut: boolean; stderr: string }): string {
  if (timedOut) return `Pulumi's refresh took longer than ${REFRESH_SECONDS} s, and was ended`;
  const [first = stderr.trim().split("\n").at(-1) ?? "", ...more] = errors.map((error) =>
    error.replace(/^Preview failed: /, ""),
  );
  return more.length > 0 ? `${first} (and ${more.length} more)` : first || "Pulumi's refresh failed without a reason";
}
