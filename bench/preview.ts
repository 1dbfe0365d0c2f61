/**
 * `npx tsx bench/preview.ts [MACHINES ...]`: how long a preview of production takes with so many machines, first and
 * unchanged, and which processes spend it. The machines exist on paper only, which a preview can't tell.
 */
import { readFileSync, readdirSync } from "node:fs";
import { ensurePulumi } from "../airgap/pulumi/ensure";
import { paths } from "../scripts/local/platform/paths";
import { Site } from "../test/plans/site";

const ROUNDS = 3;
const SAMPLE_MS = 40;
/** Clock ticks a second, as /proc counts them. */
const TICKS = 100;

interface Timing {
  readonly seconds: number;
  /** CPU seconds by what the process is. */
  readonly cpu: Readonly<Record<string, number>>;
}

async function main(): Promise<void> {
  const counts = process.argv.slice(2).map(Number);
  await ensurePulumi({ home: paths.pulumiHome, cache: paths.cache, log: () => undefined });
  for (const machines of counts.length > 0 ? counts : [3, 20, 100]) {
    const site = await siteOf(machines);
    try {
      const first = await median(site);
      await site.up();
      const unchanged = await median(site);
      report(machines, "first", first);
      report(machines, "unchanged", unchanged);
    } finally {
      site.remove();
    }
  }
}

/** Production with one control plane, or three from five machines on, and workers for the rest. */
async function siteOf(machines: number): Promise<Site> {
  const site = await Site.make("production");
  const [first] = site.config.nodes;
  if (!first) throw new Error("Pulumi.production.yaml — has no nodes; restore them");
  const controlPlanes = machines < 5 ? 1 : 3;
  const hypervisors = [...new Set(site.config.nodes.map(({ hypervisor }) => hypervisor))];
  site.config.nodes = Array.from({ length: machines }, (_, index) => ({
    ...first,
    name: index < controlPlanes ? `production-cp-${index + 1}` : `production-worker-${index + 1 - controlPlanes}`,
    role: index < controlPlanes ? "control-plane" : "worker",
    address: `198.51.100.${index + 11}`,
    hypervisor: hypervisors[index % hypervisors.length],
  }));
  await site.writeConfig();
  return site;
}

async function median(site: Site): Promise<Timing> {
  const timings: Timing[] = [];
  for (let round = 0; round < ROUNDS; round++) timings.push(await preview(site));
  timings.sort((left, right) => left.seconds - right.seconds);
  const middle = timings[Math.floor(ROUNDS / 2)];
  if (!middle) throw new Error("no preview was timed");
  return middle;
}

async function preview(site: Site): Promise<Timing> {
  const seen = new Map<number, { kind: string; seconds: number }>();
  const sampler = setInterval(() => sample(site.directory, seen), SAMPLE_MS);
  try {
    const { exitCode, stderr, seconds } = await site.pulumi(["preview", "--json"], { PULUMI_HOME: paths.pulumiHome });
    if (exitCode !== 0) throw new Error(`the preview ended with ${exitCode}:\n${stderr}`);
    const cpu: Record<string, number> = {};
    for (const { kind, seconds: spent } of seen.values()) cpu[kind] = (cpu[kind] ?? 0) + spent;
    return { seconds, cpu };
  } finally {
    clearInterval(sampler);
  }
}

/** Notes what every process of the site's preview has spent so far: they are told by the site's passphrase and state. */
function sample(directory: string, seen: Map<number, { kind: string; seconds: number }>): void {
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const pid = Number(entry);
      if (!seen.has(pid) && !readFileSync(`/proc/${entry}/environ`, "utf8").includes(directory)) continue;
      const command = readFileSync(`/proc/${entry}/cmdline`, "utf8");
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      seen.set(pid, { kind: kindOf(command), seconds: (Number(fields[11]) + Number(fields[12])) / TICKS });
    } catch {
      // The process ended while we were looking.
    }
  }
}

function kindOf(command: string): string {
  if (command.includes("pulumi-resource-")) return "plugins";
  if (command.includes("pulumi-language-")) return "language host";
  if (/bin\/pulumi\0/.test(command)) return "engine";
  return command.includes("cmd/run") ? "program" : "other";
}

function report(machines: number, what: string, { seconds, cpu }: Timing): void {
  const parts = Object.entries(cpu)
    .sort(([, left], [, right]) => right - left)
    .map(([kind, spent]) => `${kind} ${spent.toFixed(1)}`);
  process.stdout.write(`${machines} machines, ${what}: ${seconds.toFixed(1)} s; CPU seconds: ${parts.join(", ")}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
