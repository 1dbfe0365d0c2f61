import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { execa } from "execa";
import { installMissing } from "../lib/apt";
import { defineCommand, runAsProgram } from "@gitops-platform/cli/command";
import { paths, root } from "../lib/paths";
import { SHELL_TOOLS } from "./checks/shell";

interface Suite {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Expected minutes on two quiet cores, with caches. */
  readonly minutes: number;
  /** Runs beside the suite before it; its output follows once both have ended. @default false */
  readonly beside?: boolean;
}

/** A drill, as `npm run drill -- --json` describes it. */
interface DescribedDrill {
  readonly name: string;
  readonly minutes: number;
  readonly inTest: boolean;
}

interface Result {
  readonly suite: Suite;
  readonly passed: boolean;
  readonly seconds: number;
  /** Empty for a suite whose output was shown as it came. */
  readonly output: string;
}

/** Minutes that the first build of Pulumi and the mirror adds. */
const FIRST_BUILD_MINUTES = 40;

const vitest = (config: string): [string, ...string[]] => ["npx", "vitest", "run", "--config", config];

const SUITES: readonly Suite[] = [
  { name: "check", minutes: 2, command: ["npm", "run", "--silent", "check"] },
  { name: "unit and graph", minutes: 1, command: ["npx", "vitest", "run"] },
  // Builds the tools and the mirror where they are missing: the following suites need them.
  { name: "mirror", minutes: 0, command: ["npm", "run", "--silent", "mirror"] },
  { name: "mirror tests", minutes: 1, command: vitest("packages/mirror/test/built/vitest.config.mts") },
  { name: "infra repository", minutes: 1, command: vitest("test/infra-repo/vitest.config.mts") },
  { name: "policy", minutes: 1, command: vitest("test/policy/vitest.config.mts") },
  { name: "pipeline", minutes: 6, command: vitest("test/pipeline/vitest.config.mts") },
  // Mostly waits, so that it shares two cores with the suite before it.
  { name: "scripts", minutes: 5, command: ["bats", "--recursive", "--timing", "test/scripts"], beside: true },
];

async function runSuites(): Promise<number> {
  const machines = join(root, ".local", "machines");
  if (existsSync(machines) && readdirSync(machines).length > 0)
    throw new Error(
      ".local/machines — a local platform runs in this clone, and the tests would remove it; run npm stop first",
    );
  await installMissing(TOOLS, (line) => void process.stderr.write(`${line}\n`));
  const drills = await describeDrills();
  const suites = [...SUITES, drillSuite(drills)];
  printPlan(suites, drills);
  const results: Result[] = [];
  for (const group of inGroups(suites)) {
    const [first, ...besides] = group;
    if (!first) continue;
    const others = besides.map((suite) => runSuite(suite, "pipe"));
    process.stdout.write(`\n── ${first.name}\n`);
    results.push(await runSuite(first, "inherit"));
    for (const result of await Promise.all(others)) {
      process.stdout.write(`\n── ${result.suite.name}\n${result.output}\n`);
      results.push(result);
    }
  }
  return summarize(results);
}

/** The drills' own entry describes them, so that no tool imports a test. */
async function describeDrills(): Promise<readonly DescribedDrill[]> {
  const { stdout } = await execa("npm", ["run", "--silent", "drill", "--", "--json"], { cwd: root });
  return JSON.parse(stdout) as readonly DescribedDrill[];
}

function drillSuite(drills: readonly DescribedDrill[]): Suite {
  const minutes = drills.reduce((sum, drill) => sum + (drill.inTest ? drill.minutes : 0), 0);
  return { name: "drills", minutes, command: ["npm", "run", "--silent", "drill", "--", "test"] };
}

/** Suites that run beside each other, in order. */
function inGroups(suites: readonly Suite[]): readonly (readonly Suite[])[] {
  const groups: Suite[][] = [];
  for (const suite of suites) {
    const group = groups.at(-1);
    if (suite.beside && group) group.push(suite);
    else groups.push([suite]);
  }
  return groups;
}

function printPlan(suites: readonly Suite[], drills: readonly DescribedDrill[]): void {
  const width = Math.max(...suites.map(({ name }) => name.length));
  const names = (inTest: boolean): string =>
    drills
      .filter((drill) => drill.inTest === inTest)
      .map(({ name }) => name)
      .join(", ");
  const total = inGroups(suites).reduce((sum, group) => sum + Math.max(...group.map(({ minutes }) => minutes)), 0);
  const first = existsSync(join(paths.mirror, "artifacts.json"))
    ? ""
    : `, and about ${FIRST_BUILD_MINUTES} for the first build of the mirror`;
  process.stdout.write(`${suites.length} suites, about ${total} minutes on two quiet cores${first}\n`);
  for (const { name, minutes, beside } of suites)
    process.stdout.write(`  ${name.padEnd(width)}  ${minutes} min${beside ? ", beside the one before it" : ""}\n`);
  process.stdout.write(`Drills: ${names(true)}\nLeft to the nightly pipeline: ${names(false)}\n`);
}

/** Prints the time of each suite. @returns the exit code */
function summarize(results: readonly Result[]): number {
  const width = Math.max(...results.map(({ suite }) => suite.name.length));
  process.stdout.write("\n");
  for (const { suite, passed, seconds } of results) {
    const time = `${(seconds / 60).toFixed(1)} min (expected ${suite.minutes})`;
    process.stdout.write(`${passed ? "passed" : "FAILED"}  ${suite.name.padEnd(width)}  ${time}\n`);
  }
  const failed = results.filter(({ passed }) => !passed).length;
  process.stdout.write(`${results.length - failed} passed, ${failed} failed\n`);
  return failed > 0 ? 1 : 0;
}

async function runSuite(suite: Suite, output: "inherit" | "pipe"): Promise<Result> {
  const begin = performance.now();
  const [program, ...args] = suite.command;
  const { exitCode, all } = await execa(program, args, {
    ...{ cwd: root, stdin: "ignore", stdout: output, stderr: output, all: true, reject: false },
  });
  return { suite, passed: exitCode === 0, seconds: (performance.now() - begin) / 1000, output: all ?? "" };
}

/** Debian packages that only the tests need, by a file of each. */
const TOOLS = {
  bats: "/usr/bin/bats",
  ...SHELL_TOOLS,
  strace: "/usr/bin/strace",
  jq: "/usr/bin/jq",
  // For a node's firewall.
  nftables: "/usr/sbin/nft",
  python3: "/usr/bin/python3",
  // For a hypervisor of the tests' own.
  "libvirt-clients": "/usr/bin/virt-xml-validate",
  "libvirt-daemon-system": "/usr/sbin/libvirtd",
  "libxml2-utils": "/usr/bin/xmllint",
  "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
  "qemu-utils": "/usr/bin/qemu-img",
  genisoimage: "/usr/bin/genisoimage",
};

export const command = defineCommand({
  name: "npm test",
  summary:
    "The checks and tests of a fresh clone, cheapest first, then the drills that guard what a change most likely breaks; the " +
    "nightly pipeline runs all drills. A failed suite stops no other one.",
  arguments: [],
  flags: {},
  exits: { 0: "every suite passed", 1: "a suite failed, or could not start" },
  run: runSuites,
});

runAsProgram(module, command);
