import { policyArguments } from "../../../policy/arguments";
import { update, type UpdateResult } from "../platform/pulumi";
import type { StackAccess } from "./stack-access";

/** Who updates a stack, as its backend's lock says. */
const LOCK = /created by (?<who>\S+) \(pid (?<pid>\d+)\) at (?<since>\S+)/;

/**
 * Runs `pulumi up` on a stack and tells what happens while it happens.
 *
 * @param plan file of a plan that was reviewed: the update does nothing else, and fails where the plan no longer holds
 */
export async function deploy(
  access: StackAccess,
  plan: string | undefined,
  tell: (line: string) => void,
): Promise<UpdateResult> {
  const args = [...policyArguments(access.stack), ...(plan === undefined ? [] : ["--plan", plan])];
  const result = await update("up", args, tell, access);
  return { ...result, errors: result.errors.map((error) => explain(error, access.stack)) };
}

/** The engine's complaint with what to do about it, where that can be known. */
function explain(error: string, stack: string): string {
  const lock = LOCK.exec(error)?.groups;
  if (lock)
    return (
      `stack ${stack} — is being updated by ${lock["who"]} (process ${lock["pid"]}) since ${lock["since"]}; ` +
      `wait until that has ended. If it was killed, and only then: npm run recover -- ${stack}`
    );
  if (/violates plan|resource violates|is not allowed by the plan/i.test(error))
    return `${error}\nThe stack or the program is another than when the plan was made; make a new one and have it reviewed`;
  return error;
}
