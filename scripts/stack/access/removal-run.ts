import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Removal, removalOf } from "../forget/removal";
import { paths } from "../../lib/paths";
import { pulumi } from "../../lib/pulumi";
import type { Exported } from "../../lib/stack-state";
import type { StackAccess } from "./stack-access";

/** A removal that is not done yet, and the state that it was made from. */
interface PlannedRemoval {
  readonly removal: Removal;
  /** The exported text, secrets encrypted. */
  readonly before: string;
}

/**
 * Finds everything of nodes and hypervisors in a stack's state. Nothing is changed, and no machine is connected to.
 *
 * @throws when they can't be taken out
 */
export async function planRemoval(access: StackAccess, names: readonly string[]): Promise<PlannedRemoval> {
  const before = await pulumi(access, ["stack", "export"]);
  return { before, removal: removalOf(access.stack, JSON.parse(before) as Exported, names) };
}

/**
 * Carries a removal out. Pulumi locks the stack while it stores the new state, and checks the state's integrity.
 *
 * @returns the file that keeps the old state
 * @throws when the stack is locked, or its state has changed since the plan
 */
export async function removeFromState(access: StackAccess, { before, removal }: PlannedRemoval): Promise<string> {
  // The import would overwrite what an update has stored since.
  if ((await pulumi(access, ["stack", "export"])) !== before)
    throw new Error(`stack ${access.stack} — its state has changed meanwhile, and nothing was taken out; run it again`);
  const directory = join(paths.local, "forgotten");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const file = join(directory, `${access.stack}-${stamp}.json`);
  writeFileSync(file, before, { mode: 0o600, flag: "wx" });
  await pulumi(access, ["stack", "import"], { input: JSON.stringify(removal.state) });
  return file;
}
