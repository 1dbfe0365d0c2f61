import { readOutputs } from "../../scripts/local/platform/stack";
import { Clone } from "./repository";

/** Calls `work` with a clone of the repository that the running platform's root points at. */
export async function infraRepository<T>(work: (clone: Clone) => Promise<T>): Promise<T> {
  const { rootApplication } = await readOutputs();
  return Clone.with(rootApplication.repoURL, rootApplication.knownHosts, work);
}
