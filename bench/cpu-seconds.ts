import { readdirSync, readFileSync } from "node:fs";

const SAMPLE_MS = 40;
/** Clock ticks a second, as /proc counts them. */
const TICKS = 100;

/** Time of a command. */
export interface Timing {
  readonly seconds: number;
  /** CPU seconds by what the process is. */
  readonly cpu: Readonly<Record<string, number>>;
}

interface Spent {
  readonly kind: string;
  readonly seconds: number;
}

/**
 * Times a command and the processes that it starts: those whose environment contains a mark. Misses what a process spends
 * in its last 40 ms.
 */
export async function timed(mark: string, run: () => Promise<void>): Promise<Timing> {
  const others = new Set(processes());
  const spent = new Map<string, Spent>();
  const sample = (): void => {
    for (const id of processes().filter((id) => !others.has(id))) note(id, mark, spent);
  };
  const sampler = setInterval(sample, SAMPLE_MS);
  const begin = performance.now();
  try {
    await run();
    const seconds = (performance.now() - begin) / 1000;
    const cpu: Record<string, number> = {};
    for (const { kind, seconds } of spent.values()) cpu[kind] = (cpu[kind] ?? 0) + seconds;
    return { seconds, cpu };
  } finally {
    clearInterval(sampler);
  }
}

function processes(): string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
}

function note(id: string, mark: string, spent: Map<string, Spent>): void {
  try {
    if (!spent.has(id) && !readFileSync(`/proc/${id}/environ`, "utf8").includes(mark)) return;
    const command = readFileSync(`/proc/${id}/cmdline`, "utf8");
    const stat = readFileSync(`/proc/${id}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // One that has ended, and that nobody has waited for, still has its times, but no command line.
    const kind = command === "" ? (spent.get(id)?.kind ?? "other") : kindOf(command);
    spent.set(id, { kind, seconds: (Number(fields[11]) + Number(fields[12])) / TICKS });
  } catch {
    // The process ended while we were looking.
  }
}

/** Kind of a process, by its command line. */
function kindOf(command: string): string {
  if (command.includes("pulumi-resource-")) return "plugins";
  if (command.includes("pulumi-language-")) return "language host";
  // The engine's arguments name the pack, too.
  if (/bin\/pulumi\0/.test(command)) return "engine";
  if (/policy\/pack\.js|run-policy-pack/.test(command)) return "policy pack";
  return command.includes("cmd/run") ? "program" : "other";
}
