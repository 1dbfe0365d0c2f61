import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Exported } from "../../lib/stack-state";
import { type Removal, removalOf } from "../forget/removal";
import { paths } from "../../lib/paths";
import type { StackAccess } from "./stack-access";
import { stackCommand } from "./stack-command";

/** A removal that is not done yet, and the state that it was made from. */
interface Intent {
  readonly removal: Removal;
  /** As it was exported, secrets encrypted. */
  readonly before: string;
}

/**
 * Looks up what a stack's state has of nodes and hypervisors. Nothing is changed, and no machine is asked.
 *
 * @throws when they can't be taken out
 */
export async function intendToForget(access: StackAccess, names: readonly string[]): Promise<Intent> {
  const before = await stackCommand(access, ["stack", "export"]);
  return { before, removal: removalOf(access.stack, JSON.parse(before) as Exported, names) };
}

/**
 * Takes them out of the state. Pulumi locks the stack while it stores the new state, and checks that it holds together.
 *
 * @returns the file that the state is kept in as it was
 * @throws when the stack is locked, or its state is another one by now
 */
export async function forget(access: StackAccess, { before, removal }: Intent): Promise<string> {
  // What an update has stored since would be overwritten.
  if ((await stackCommand(access, ["stack", "export"])) !== before)
    throw new Error(`stack ${access.stack} — its state has changed meanwhile, and nothing was taken out; look again`);
  const directory = join(paths.local, "forgotten");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
  const file = join(directory, `${access.stack}-${stamp}.json`);
  writeFileSync(file, before, { mode: 0o600, flag: "wx" });
  await stackCommand(access, ["stack", "import"], JSON.stringify(removal.state));
  return file;
}
