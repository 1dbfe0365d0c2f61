import { readFileSync } from "node:fs";

/**
 * How much of the time that a limit is for this computer had to itself. On a virtual machine the host may give a good
 * part of the processors to others, which says nothing about what is timed.
 *
 * @returns asks what share, 0 to 1, of the processor time that was wanted since then went to others
 */
export function watchSteal(): () => number {
  const begin = ticks();
  return () => {
    const end = ticks();
    const wanted = end.wanted - begin.wanted;
    return wanted === 0 ? 0 : (end.stolen - begin.stolen) / wanted;
  };
}

/** Clock ticks of all processors since the boot (proc(5)), but for those that nobody wanted. */
function ticks(): { readonly wanted: number; readonly stolen: number } {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = line.split(/\s+/).slice(1).map(Number);
  return { wanted: user + nice + system + irq + softirq + stolen, stolen };
}
