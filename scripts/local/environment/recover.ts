import { execa } from "execa";
import { root } from "../platform/paths";
import { pulumiBinary } from "../platform/pulumi";
import type { StackAccess } from "./stack-access";

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
export async function recover({ env, stack }: StackAccess): Promise<readonly string[]> {
  const run = async (command: readonly string[], input?: string): Promise<string> => {
    const flags = ["--stack", stack, "--non-interactive", "--color", "never"];
    const options = { cwd: root, env, ...(input === undefined ? { stdin: "ignore" as const } : { input }) };
    return (await execa(pulumiBinary(), [...command, ...flags], { ...options, maxBuffer: 2 ** 30 })).stdout;
  };
  await run(["cancel", "--yes"]);
  const exported = JSON.parse(await run(["stack", "export"])) as Exported;
  const pending = exported.deployment.pending_operations ?? [];
  if (pending.length > 0) {
    delete exported.deployment.pending_operations;
    await run(["stack", "import"], JSON.stringify(exported));
  }
  const names = pending.map(
    ({ type, resource }) => `${type} ${resource.urn.slice(resource.urn.lastIndexOf("::") + 2)}`,
  );
  return [
    `The stack ${stack} is not locked any more.`,
    ...(names.length > 0 ? [`Interrupted, and done again by the next update: ${names.join(", ")}.`] : []),
  ];
}
