import { readFileSync } from "node:fs";

/**
 * Starts to measure CPU steal. A virtual computer's host may give a large part of the processors to others; that time must
 * not count against a limit.
 *
 * @returns a function for the stolen share, 0 to 1, of the processor time that was wanted since the start
 */
export function watchSteal(): () => number {
  const begin = ticks();
  return () => {
    const end = ticks();
    const wanted = end.wanted - begin.wanted;
    return wanted === 0 ? 0 : (end.stolen - begin.stolen) / wanted;
  };
}

/** Clock ticks of all processors since the boot (proc(5)), without idle ones. */
function ticks(): { readonly wanted: number; readonly stolen: number } {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = line.split(/\s+/).slice(1).map(Number);
  return { wanted: user + nice + system + irq + softirq + stolen, stolen };
}
