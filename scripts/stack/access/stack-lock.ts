import { STACK } from "../../../components/tokens";
import { pulumi, type PulumiTarget } from "../../lib/pulumi";
import type { Deployment } from "../../lib/stack-state";

/**
 * Refuses while an update holds the stack's lock. Only Pulumi can ask every backend for it, and only by taking it: a refresh
 * of the stack's own entry does that, looks at nothing, and stores what it found.
 *
 * @throws who holds the lock
 */
export async function refuseLocked(target: PulumiTarget, { resources = [] }: Deployment): Promise<void> {
  const urn = resources.find(({ type }) => type === STACK)?.urn;
  if (urn === undefined) throw new Error(`stack ${target.stack} — its state is empty; run an update first`);
  await pulumi(target, ["refresh", "--yes", "--skip-preview", "--target", urn, ...target.args]);
}
