import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A process's number and its start in clock ticks since boot: unique until the next boot. */
async function processIdentity(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The command's name, in parentheses, may hold spaces; field 22 is counted from behind it.
    return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return undefined; // no such process
  }
}

/** Creates the lock file with its content in one step: an empty file would look like the lock of a killed process. */
async function take(file: string, own: string): Promise<boolean> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, own);
  try {
    await link(draft, file);
    return true;
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    return false;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes the lock of a killed process, but not the lock of a process that removed it first and holds it now. */
async function discard(file: string, content: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch {
    return; // Another process has removed it.
  }
  if ((await readFile(aside, "utf8")).trim() !== content) await link(aside, file).catch(() => undefined);
  await rm(aside);
}

/**
 * Runs an action while no other process does so with the same lock file. Waits as long as the other process lives, and
 * takes over the lock of a killed one.
 *
 * @param waiting Called once, with the process that holds the lock.
 */
export async function withLock<T>(file: string, waiting: (pid: number) => void, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const own = (await processIdentity(process.pid)) ?? String(process.pid);
  for (let told = false; ;) {
    if (await take(file, own)) break;
    const holder = (await readFile(file, "utf8").catch(() => "")).trim();
    const pid = Number.parseInt(holder, 10);
    if (Number.isNaN(pid) || (await processIdentity(pid)) !== holder) {
      await discard(file, holder);
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
