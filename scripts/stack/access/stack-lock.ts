/** Who updates a stack, as its backend's lock says. */
const LOCK = /created by (?<who>\S+) \(pid (?<pid>\d+)\) at (?<since>\S+)/;

/** The engine's complaint with what to do about it, where it is about a lock; otherwise the complaint. */
export function explainLock(error: string, stack: string): string {
  const lock = LOCK.exec(error)?.groups;
  if (!lock) return error;
  return (
    `stack ${stack} — is being updated by ${lock["who"]} (process ${lock["pid"]}) since ${lock["since"]}; ` +
    `wait until that has ended. If it was killed, and only then: npm run recover -- ${stack}`
  );
}
