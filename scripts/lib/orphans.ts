import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { paths, root } from "./paths";
import { signal } from "./process-tree";

/** Programs that Pulumi's CLI starts; they outlive a killed CLI by minutes. */
const PROGRAMS = [join(paths.pulumiHome, "/"), join(root, "node_modules", "@pulumi", "pulumi", "cmd", "run")];

/**
 * Ends the processes that a killed Pulumi CLI of this clone left behind. Only called while this process holds the platform:
 * no living CLI of this clone can own them.
 *
 * @returns how many processes were ended
 */
export async function endOrphans(): Promise<number> {
  const orphans = orphanProcesses();
  for (const pid of orphans) signal(pid, "SIGTERM");
  for (let tries = 0; tries < 30 && orphanProcesses().length > 0; tries++) await sleep(100);
  for (const pid of orphanProcesses()) signal(pid, "SIGKILL");
  return orphans.length;
}

function orphanProcesses(): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const program = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return PROGRAMS.some((path) => program.includes(path)) && readlinkSync(`/proc/${pid}/cwd`) === root;
      } catch {
        return false; // it has ended meanwhile
      }
    });
}
