import { helm } from "./helm";
import { kustomize } from "./kustomize";
import type { Renderers } from "./rendering";

/** The real kustomize and helm. @param log takes a line when one has to be built */
export async function loadRenderers(cache: string, log: (line: string) => void): Promise<Renderers> {
  return { kustomize: await kustomize(cache, log), ...helm(cache, log) };
}
