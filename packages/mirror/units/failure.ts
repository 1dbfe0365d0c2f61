/**
 * A failure whose message has the place, the fault and the cure: printed without a stack trace.
 */
export class MirrorError extends Error {
  override readonly name = "MirrorError";
}

/** Whether an error, or the text of a failed command, comes from a full disk. */
export function isDiskFull(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") return true;
  return /no space left on device|ENOSPC|disk quota exceeded/i.test(
    cause instanceof Error ? cause.message : String(cause),
  );
}
