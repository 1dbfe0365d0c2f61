/**
 * `npx tsx bench/preview.ts [MACHINES ...]`: seconds of a preview of production with so many machines, first and
 * unchanged, and CPU seconds of its processes. The variants run in turns, so that a busy computer slows all of them down
 * alike. The machines exist on paper only, which a preview can't tell.
 */
import { loadavg } from "node:os";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { paths } from "../scripts/lib/paths";
import { policyArguments } from "../policy/arguments";
import { Site } from "../test/plans/site";
import { timed, type Timing } from "./cpu-seconds";

const ROUNDS = 3;

async function main(): Promise<void> {
  const counts = process.argv.slice(2).map(Number);
  await ensurePulumi({ home: paths.pulumiHome, cache: paths.cache, log: () => undefined });
  for (const machines of counts.length > 0 ? counts : [5, 20, 100]) {
    const site = await Site.make("production");
    await site.setMachines(machines);
    const rules = policyArguments(site.stack);
    const report = async (when: string): Promise<void> => {
      const timings = await inTurns({
        "plain SDK": () => enginePreview(site),
        "plain SDK, rules": () => enginePreview(site, rules),
      });
      for (const [variant, each] of Object.entries(timings)) print(`${machines} machines, ${when}, ${variant}`, each);
    };
    try {
      await report("first");
      await site.up();
      await report("unchanged");
    } finally {
      site.remove();
    }
  }
}

/** Runs every variant once before it counts, which fills caches, and then all of them in each round. */
async function inTurns(variants: Record<string, () => Promise<Timing>>): Promise<Record<string, readonly Timing[]>> {
  const timings = Object.fromEntries(Object.keys(variants).map((variant) => [variant, [] as Timing[]]));
  for (let round = 0; round <= ROUNDS; round++)
    for (const [variant, preview] of Object.entries(variants)) {
      const timing = await preview();
      if (round > 0) timings[variant]?.push(timing);
    }
  return timings;
}

function median(numbers: readonly number[]): number {
  const middle = [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)];
  if (middle === undefined) throw new Error("no preview was timed");
  return middle;
}

async function enginePreview(site: Site, args: readonly string[] = [], env: object = {}): Promise<Timing> {
  return timed(site.directory, async () => {
    // The engine passes an empty NODE_OPTIONS on like none.
    const all = { NODE_OPTIONS: "", ...env };
    const { exitCode, stderr } = await site.pulumi(["preview", "--json", ...args], all);
    if (exitCode !== 0) throw new Error(`the preview ended with ${exitCode}:\n${stderr}`);
  });
}

function print(what: string, timings: readonly Timing[]): void {
  const seconds = median(timings.map((timing) => timing.seconds));
  const all = median(timings.map(({ cpu }) => Object.values(cpu).reduce((sum, spent) => sum + spent, 0)));
  const kinds = [...new Set(timings.flatMap(({ cpu }) => Object.keys(cpu)))];
  const parts = kinds
    .map((kind) => [kind, median(timings.map(({ cpu }) => cpu[kind] ?? 0))] as const)
    .sort(([, left], [, right]) => right - left)
    .map(([kind, spent]) => `${kind} ${spent.toFixed(1)}`);
  process.stdout.write(
    `${what}: ${seconds.toFixed(1)} s; ${all.toFixed(1)} CPU seconds: ${parts.join(", ")}; load ${loadavg()[0]?.toFixed(0)}\n`,
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
