import { isLive, readApplications, stateOf } from "../access/applications";
import type { DriftReport } from "./finding";

/**
 * Argo CD's Applications that are not as Git has them. Git owns them and Argo CD heals them: the report lists them, and
 * the exit code ignores them. The refresh reports an API server that doesn't answer.
 */
export async function unhealthyApplications(kubeconfig: unknown): Promise<DriftReport["applications"]> {
  if (typeof kubeconfig !== "string" || kubeconfig === "") return [];
  const applications = await readApplications(kubeconfig).catch(() => []);
  return applications.map(stateOf).filter((state) => !isLive(state));
}
