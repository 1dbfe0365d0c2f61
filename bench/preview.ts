/**
 * `npx tsx bench/preview.ts [MACHINES ...]`: how long a preview of production takes with so many machines, first and
 * unchanged, and which processes spend it: Pulumi's own, and `npm run preview`, which keeps the rules of policy/ and
 * makes a plan of it. The machines exist on paper only, which a preview can't tell.
 */
import { execa } from "execa";
import { cpSync, copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { paths } from "../scripts/lib/paths";
import { Site } from "../test/plans/site";
import { timed, type Timing } from "./cpu-seconds";

const ROUNDS = 3;

async function main(): Promise<void> {
  const counts = process.argv.slice(2).map(Number);
  await ensurePulumi({ home: paths.pulumiHome, cache: paths.cache, log: () => undefined });
  for (const machines of counts.length > 0 ? counts : [5, 20, 100]) {
    const site = await Site.make("production");
    await site.setMachines(machines);
    const clone = cloneOf(site);
    const report = async (what: string): Promise<void> => {
      print(`${machines} machines, ${what}, pulumi preview`, await median(() => enginePreview(site)));
      print(`${machines} machines, ${what}, npm run preview`, await median(() => preview(site, clone)));
    };
    try {
      await report("first");
      await site.up();
      await report("unchanged");
    } finally {
      site.remove();
      rmSync(clone, { recursive: true, force: true });
    }
  }
}

/** This clone with the stack file of a site, as a pipeline's job has it. */
function cloneOf(site: Site): string {
  const clone = mkdtempSync(join(tmpdir(), "gitops-platform-clone-"));
  const left = ["node_modules", ".git", ".local"];
  cpSync(paths.root, clone, { recursive: true, filter: (source) => !left.includes(basename(source)) });
  symlinkSync(join(paths.root, "node_modules"), join(clone, "node_modules"));
  copyFileSync(site.configFile, join(clone, `Pulumi.${site.stack}.yaml`));
  return clone;
}

async function median(preview: () => Promise<Timing>): Promise<Timing> {
  const timings: Timing[] = [];
  for (let round = 0; round < ROUNDS; round++) timings.push(await preview());
  timings.sort((left, right) => left.seconds - right.seconds);
  const middle = timings[Math.floor(ROUNDS / 2)];
  if (!middle) throw new Error("no preview was timed");
  return middle;
}

async function enginePreview(site: Site): Promise<Timing> {
  return timed(site.directory, async () => {
    const { exitCode, stderr } = await site.pulumi(["preview", "--json"], { PULUMI_HOME: paths.pulumiHome });
    if (exitCode !== 0) throw new Error(`the preview ended with ${exitCode}:\n${stderr}`);
  });
}

/** What `npm run preview` runs once packages are installed. */
async function preview(site: Site, clone: string): Promise<Timing> {
  // The command sets what makes Pulumi quick, and its home, by itself.
  const { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE } = site.env;
  return timed(site.directory, async () => {
    const { exitCode, stdout, stderr } = await execa(
      process.execPath,
      ["--require", "tsx/cjs", "scripts/stack/preview.ts", site.stack],
      { cwd: clone, env: { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE }, reject: false, stdin: "ignore" },
    );
    if (exitCode !== 0 && exitCode !== 7)
      throw new Error(`npm run preview ended with ${exitCode}:\n${stdout}\n${stderr}`);
  });
}

function print(what: string, { seconds, cpu }: Timing): void {
  const all = Object.values(cpu).reduce((sum, spent) => sum + spent, 0);
  const parts = Object.entries(cpu)
    .sort(([, left], [, right]) => right - left)
    .map(([kind, spent]) => `${kind} ${spent.toFixed(1)}`);
  process.stdout.write(`${what}: ${seconds.toFixed(1)} s; ${all.toFixed(1)} CPU seconds: ${parts.join(", ")}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
