import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** When a process started, in clock ticks since boot: with its number, unique until the next boot. */
async function processIdentity(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The command's name, in parentheses, may hold spaces; field 22 is counted from behind it.
    return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return undefined; // no such process
  }
}

/**
 * Runs an action while no other process does so with the same lock file. Waits for as long as the other one lives; the
 * lock of a process that was killed is taken over.
 *
 * @param waiting Called once, with the process that is waited for.
 */
export async function withLock<T>(file: string, waiting: (pid: number) => void, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const own = (await processIdentity(process.pid)) ?? String(process.pid);
  for (let told = false; ;) {
    try {
      await writeFile(file, own, { flag: "wx" });
      break;
    } catch (cause) {
      if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    }
    const holder = (await readFile(file, "utf8").catch(() => "")).trim();
    const pid = Number.parseInt(holder, 10);
    if (Number.isNaN(pid) || (await processIdentity(pid)) !== holder) {
      await rm(file, { force: true });
      continue;
    }
    if (!told) waiting(pid);
    told = true;
    await sleep(500);
  }
  try {
    return await action();
  } finally {
    await rm(file, { force: true });
  }
}
