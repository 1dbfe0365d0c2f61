import { pulumi } from "../../lib/pulumi";
import { dropPendingOperations } from "../../lib/stack-commands";
import type { StackAccess } from "./stack-access";

/**
 * Makes a stack ready for its next update after one was killed: releases its lock and drops its pending operations, which
 * every step of this program repeats without harm. Nothing but the state is touched.
 *
 * Only for an update that is known to be dead: with a living one there would be two.
 *
 * @returns what was done, a sentence each
 */
export async function clearInterruption(access: StackAccess): Promise<readonly string[]> {
  await pulumi(access, ["cancel", "--yes"]);
  const pending = await dropPendingOperations(access);
  return [
    `The stack ${access.stack} is not locked any more.`,
    ...(pending.length > 0 ? [`Interrupted, and done again by the next update: ${pending.join(", ")}.`] : []),
  ];
}
