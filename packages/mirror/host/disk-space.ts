import { statfs } from "node:fs/promises";
import { isDiskFull, MirrorError } from "../units/failure";

function gib(mib: number): string {
  return `${(mib / 1024).toFixed(1)} GiB`;
}

const ADVICE =
  "free space there (old builds under its build/ folder can go, and `go clean -cache` empties Go's cache), " +
  "then run npm run mirror again: it continues where it stopped";

/** Free space for root on the directory's file system, in MiB. */
async function freeMiB(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return (bavail * bsize) / 1024 ** 2;
}

/**
 * Refuses a build that can't fit before it starts.
 *
 * @throws MirrorError with the free and the needed space.
 */
export async function requireSpace(directory: string, neededMiB: number): Promise<void> {
  const free = await freeMiB(directory);
  if (free >= neededMiB) return;
  throw new MirrorError(`${directory} — too little disk space (${gib(free)} free, need ${gib(neededMiB)}) — ${ADVICE}`);
}

/** Turns the many forms of "disk full" into one sentence with a cure; returns any other error unchanged. */
export async function explainDiskFull(
  cause: unknown,
  directory: string,
  unit: string,
  neededMiB: number,
): Promise<unknown> {
  if (!isDiskFull(cause)) return cause;
  const free = gib(await freeMiB(directory));
  return new MirrorError(
    `${directory} — the disk became full while ${unit} was built (${free} free now, need about ${gib(neededMiB)} more) — ${ADVICE}`,
    { cause },
  );
}
