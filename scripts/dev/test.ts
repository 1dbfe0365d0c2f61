/**
 * `npm test`: every check and test from a fresh clone, the drills on real local machines included.
 *
 * The suites run one after the other, cheapest first, but for one that mostly waits and runs beside another; a suite that
 * fails does not hide what the next would say.
 * Ends with `Suites: N passed, N failed`.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { execa } from "execa";
import { root } from "../lib/paths";

interface Suite {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Runs beside the suite before it, and shows what it printed once both have ended. @default false */
  readonly beside?: boolean;
}

const SUITES: readonly Suite[] = [
  { name: "check", command: ["npm", "run", "--silent", "check"] },
  { name: "unit and graph", command: ["npx", "vitest", "run"] },
  // Builds the tools and the mirror where they are missing: what the following suites run on.
  { name: "mirror", command: ["npm", "run", "--silent", "mirror", "--", "--virtual"] },
  {
    name: "mirror tests",
    command: ["npx", "vitest", "run", "--config", "packages/mirror/test/built/vitest.config.mts"],
  },
  { name: "infra repository", command: ["npx", "vitest", "run", "--config", "test/infra-repo/vitest.config.mts"] },
  { name: "policy", command: ["npx", "vitest", "run", "--config", "test/policy/vitest.config.mts"] },
  { name: "pipeline", command: ["npx", "vitest", "run", "--config", "test/pipeline/vitest.config.mts"] },
  { name: "scripts", command: ["bats", "--recursive", "--timing", "test/scripts"], beside: true },
  { name: "drills", command: ["npm", "run", "--silent", "drill", "--", "all"] },
];

async function main(): Promise<void> {
  const machines = join(root, ".local", "machines");
  if (existsSync(machines) && readdirSync(machines).length > 0)
    throw new Error(
      ".local/machines — a local platform is running in this clone, and the tests would take it down; run npm stop first",
    );
  await installTools();
  const results: Result[] = [];
  for (const [index, suite] of SUITES.entries()) {
    if (suite.beside) continue;
    const after = SUITES.slice(index + 1);
    const next = after.findIndex(({ beside }) => !beside);
    const besides = after.slice(0, next < 0 ? undefined : next).map((other) => runSuite(other, "pipe"));
    process.stdout.write(`\n── ${suite.name}\n`);
    results.push(await runSuite(suite, "inherit"));
    for (const result of await Promise.all(besides)) {
      process.stdout.write(`\n── ${result.name}\n${result.output}\n`);
      results.push(result);
    }
  }
  process.stdout.write("\n");
  for (const { name, passed, seconds } of results)
    process.stdout.write(`${passed ? "passed" : "FAILED"}  ${name} (${seconds.toFixed(0)} s)\n`);
  const failed = results.filter(({ passed }) => !passed).length;
  process.stdout.write(`Suites: ${results.length - failed} passed, ${failed} failed\n`);
  process.exit(failed > 0 ? 1 : 0);
}

interface Result {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** Empty where it was shown as it came. */
  readonly output: string;
}

async function runSuite({ name, command: [program, ...args] }: Suite, output: "inherit" | "pipe"): Promise<Result> {
  const begin = performance.now();
  const { exitCode, all } = await execa(program, args, {
    ...{ cwd: root, stdin: "ignore", stdout: output, stderr: output, all: true, reject: false },
  });
  return { name, passed: exitCode === 0, seconds: (performance.now() - begin) / 1000, output: all ?? "" };
}

/** Debian packages that only the tests need. */
async function installTools(): Promise<void> {
  const tools = {
    bats: "/usr/bin/bats",
    shellcheck: "/usr/bin/shellcheck",
    shfmt: "/usr/bin/shfmt",
    strace: "/usr/bin/strace",
    jq: "/usr/bin/jq",
    // A hypervisor of the tests' own.
    "libvirt-clients": "/usr/bin/virt-xml-validate",
    "libvirt-daemon-system": "/usr/sbin/libvirtd",
    "libxml2-utils": "/usr/bin/xmllint",
    "qemu-system-x86": "/usr/bin/qemu-system-x86_64",
    "qemu-utils": "/usr/bin/qemu-img",
    genisoimage: "/usr/bin/genisoimage",
  };
  const missing = Object.entries(tools)
    .filter(([, file]) => !existsSync(file))
    .map(([name]) => name);
  if (missing.length === 0) return;
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, stdio: ["ignore", "ignore", "inherit"] } as const;
  await execa("apt-get", ["update", "-qq"], options);
  await execa("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], options);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
