import type { StackAccess } from "./stack-access";
import { stackCommand } from "./stack-command";

interface Exported {
  readonly deployment: {
    pending_operations?: readonly { readonly type: string; readonly resource: { urn: string } }[];
  };
}

/**
 * Makes a stack ready for its next update after one was killed: takes the killed one's lock away, and the note of what
 * it was in the middle of, which every step of this program does again without harm. Nothing but the state is touched.
 *
 * Only for an update that is known to be dead: with a living one there would be two.
 *
 * @returns what was done, a sentence each
 */
export async function recover(access: StackAccess): Promise<readonly string[]> {
  await stackCommand(access, ["cancel", "--yes"]);
  const exported = JSON.parse(await stackCommand(access, ["stack", "export"])) as Exported;
  const pending = exported.deployment.pending_operations ?? [];
  if (pending.length > 0) {
    delete exported.deployment.pending_operations;
    await stackCommand(access, ["stack", "import"], JSON.stringify(exported));
  }
  const names = pending.map(
    ({ type, resource }) => `${type} ${resource.urn.slice(resource.urn.lastIndexOf("::") + 2)}`,
  );
  return [
    `The stack ${access.stack} is not locked any more.`,
    ...(names.length > 0 ? [`Interrupted, and done again by the next update: ${names.join(", ")}.`] : []),
  ];
}
