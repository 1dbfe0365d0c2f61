import { redacted } from "../../lib/redaction";
import { exportState } from "../drift/cluster";
import { type Deployment, plain } from "../drift/deployment";
import { type Application, isLive, readApplications, stateOf } from "./applications";
import type { StackAccess } from "./stack-access";

/**
 * The reasons that Argo CD has for Applications that aren't Synced and Healthy, for a failed update: the kubernetes plugin
 * reports no more than "timed out waiting for the condition" of the root. Never fails: an update that failed has its own
 * error.
 *
 * @returns lines to print; none where the stack has no cluster yet, or every Application is Synced and Healthy
 */
export async function applicationReport(access: StackAccess): Promise<readonly string[]> {
  try {
    const kubeconfig = kubeconfigIn(await exportState(access));
    return kubeconfig === undefined ? [] : renderApplications(await readApplications(kubeconfig));
  } catch (error) {
    const reason = redacted(error instanceof Error ? error.message : String(error));
    return [`Applications: not known, ${reason}`];
  }
}

/** The kubeconfig of the provider. The stack's output of that name is stored at the end of a whole update only. */
function kubeconfigIn({ resources }: Deployment): string | undefined {
  const provider = resources?.find(({ type }) => type === "pulumi:providers:kubernetes");
  const kubeconfig = plain(provider?.inputs?.["kubeconfig"]);
  return typeof kubeconfig === "string" && kubeconfig !== "" ? kubeconfig : undefined;
}

/** One paragraph for each Application that isn't Synced and Healthy, and a command that shows more. */
export function renderApplications(applications: readonly Application[]): readonly string[] {
  const sick = applications.filter((application) => !isLive(stateOf(application)));
  const paragraphs = sick.map((application) => {
    const { name, sync, health } = stateOf(application);
    const lines = reasons(application).map((reason) => `    ${shortened(redacted(reason))}`);
    return [`Application ${name}: ${sync}, ${health}`, ...new Set(lines)].join("\n");
  });
  const first = sick.at(0)?.metadata.name;
  if (first === undefined) return [];
  return [...paragraphs, `More: kubectl --namespace argocd describe application ${first}`];
}

/** What Argo CD reports of an Application, the most telling first. */
function reasons({ status }: Application): readonly string[] {
  const { conditions = [], resources = [], operationState, health } = status ?? {};
  const failed = (operationState?.syncResult?.resources ?? []).filter((resource) => resource.status === "SyncFailed");
  const stuck = operationState?.phase !== undefined && operationState.phase !== "Succeeded" && failed.length === 0;
  // A child of the root has a paragraph of its own.
  const sick = resources.filter((resource) => resource.kind !== "Application" && isSick(resource.health?.status));
  return [
    ...conditions.map(({ type, message }) => `${type}: ${message ?? ""}`),
    ...failed.map(({ kind, name, message }) => `${kind} ${name}: not applied: ${message ?? ""}`),
    ...(stuck ? [`sync ${operationState.phase ?? ""}: ${operationState.message ?? ""}`] : []),
    ...sick.map((resource) => `${resource.kind} ${resource.name}: ${described(resource.health)}`),
    ...(health?.message ? [health.message] : []),
  ];
}

function isSick(health: string | undefined): boolean {
  return health !== undefined && health !== "Healthy";
}

function described(health: { readonly status?: string; readonly message?: string } | undefined): string {
  return [health?.status, health?.message].filter(Boolean).join(", ");
}

/** Characters of a reason: a kustomize error names the file at its end, and what was done at its beginning. */
const [HEAD, TAIL] = [120, 360];

function shortened(reason: string): string {
  const line = reason.replaceAll(/\s+/g, " ").trim();
  return line.length > HEAD + TAIL ? `${line.slice(0, HEAD)} … ${line.slice(-TAIL)}` : line;
}
