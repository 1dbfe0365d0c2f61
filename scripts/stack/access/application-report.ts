import { redacted } from "@gitops-platform/cli/redaction";
import { exportState } from "../drift/cluster";
import { type Deployment, plain } from "../../lib/stack-state";
import { type Application, isLive, readApplications, readPods, type Resource, stateOf } from "./applications";
import { type Pod, podTrouble } from "./pod-trouble";
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
    if (kubeconfig === undefined) return [];
    const applications = await readApplications(kubeconfig);
    const pods = new Map<string, readonly Pod[]>();
    for (const namespace of sickNamespaces(applications)) pods.set(namespace, await readPods(kubeconfig, namespace));
    return renderApplications(applications, pods);
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

/** Namespaces of objects that aren't healthy. */
function sickNamespaces(applications: readonly Application[]): ReadonlySet<string> {
  const sick = applications.flatMap(sickResources);
  return new Set(sick.flatMap(({ namespace }) => (namespace === undefined ? [] : [namespace])));
}

/**
 * One paragraph for each Application that isn't Synced and Healthy, and a command that shows more.
 *
 * @param pods by namespace
 */
export function renderApplications(
  applications: readonly Application[],
  pods: ReadonlyMap<string, readonly Pod[]>,
): readonly string[] {
  const sick = applications.filter((application) => !isLive(stateOf(application)));
  const paragraphs = sick.map((application) => {
    const { name, sync, health } = stateOf(application);
    const troubles = [...sickNamespaces([application])]
      .flatMap((namespace) => pods.get(namespace) ?? [])
      .flatMap(podTrouble);
    const lines = [...reasons(application), ...troubles].map((reason) => `    ${shortened(redacted(reason))}`);
    return [`Application ${name}: ${sync}, ${health}`, ...new Set(lines)].join("\n");
  });
  const first = sick.at(0)?.metadata.name;
  if (first === undefined) return [];
  return [...paragraphs, `More: kubectl --namespace argocd describe application ${first}`];
}

/** What Argo CD reports of an Application, the most telling first. */
function reasons(application: Application): readonly string[] {
  const { conditions = [], operationState, health } = application.status ?? {};
  const failed = (operationState?.syncResult?.resources ?? []).filter((resource) => resource.status === "SyncFailed");
  const stuck = operationState?.phase !== undefined && operationState.phase !== "Succeeded" && failed.length === 0;
  return [
    ...conditions.map(({ type, message }) => `${type}: ${message ?? ""}`),
    ...failed.map(({ kind, name, message }) => `${kind} ${name}: not applied: ${message ?? ""}`),
    ...(stuck ? [`sync ${operationState.phase ?? ""}: ${operationState.message ?? ""}`] : []),
    ...sickResources(application).map(({ kind, name, health: own }) => `${kind} ${name}: ${described(own)}`),
    ...(health?.message ? [health.message] : []),
  ];
}

/** Objects that aren't healthy; a child of the root has a paragraph of its own. */
function sickResources({ status }: Application): readonly Resource[] {
  const { resources = [] } = status ?? {};
  return resources.filter(({ kind, health }) => kind !== "Application" && isSick(health?.status));
}

function isSick(health: string | undefined): boolean {
  return health !== undefined && health !== "Healthy";
}

function described(health: Resource["health"]): string {
  return [health?.status, health?.message].filter(Boolean).join(", ");
}

/** Characters of a reason: a kustomize error names the file at its end, and what was done at its beginning. */
const [HEAD, TAIL] = [120, 360];

function shortened(reason: string): string {
  const line = reason.replaceAll(/\s+/g, " ").trim();
  return line.length > HEAD + TAIL ? `${line.slice(0, HEAD)} … ${line.slice(-TAIL)}` : line;
}
