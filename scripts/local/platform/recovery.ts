import { releaseStaleLock } from "./stack";

/**
 * Makes what an interrupted update or a lost machine left behind ready for the next `pulumi up`.
 *
 * @returns what was done, a sentence each
 */
export async function recover(): Promise<readonly string[]> {
  const done: string[] = [];
  if (releaseStaleLock()) done.push("Released the lock of an update that was killed");
  return Promise.resolve(done);
}
