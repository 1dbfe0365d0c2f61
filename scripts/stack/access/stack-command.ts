import { execa } from "execa";
import { root } from "../../lib/paths";
import { pulumiBinary } from "../../lib/pulumi";
import { explainLock } from "./stack-lock";
import type { StackAccess } from "./stack-access";

/**
 * Runs a Pulumi command that only touches a stack's state: `stack export`, `stack import`, `cancel`.
 *
 * @param input what the command reads
 * @returns what it printed
 * @throws with Pulumi's own words, or who has locked the stack
 */
export async function stackCommand(
  { env, stack }: Pick<StackAccess, "env" | "stack">,
  command: readonly string[],
  input?: string,
): Promise<string> {
  const result = await execa(pulumiBinary(), [...command, "--stack", stack, "--non-interactive", "--color", "never"], {
    ...{ cwd: root, env, reject: false, maxBuffer: 2 ** 30 },
    ...(input === undefined ? { stdin: "ignore" as const } : { input }),
  });
  if (result.exitCode === 0) return result.stdout;
  const words =
    result.stderr.replace(/^error: /, "").trim() || `pulumi ${command.join(" ")} ended with ${result.exitCode}`;
  const explained = explainLock(words, stack);
  throw new Error(explained === words ? `stack ${stack} — ${words}` : explained);
}
