import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { paths, root } from "../../scripts/lib/paths";
import { must } from "./platform";

const MODULE = join(root, "test", "e2e", "kube-bench");
const PACKAGE = "github.com/aquasecurity/kube-bench";
/** Gone with the machine. */
const PLACE = "/var/tmp/kube-bench";

interface Report {
  readonly Controls: readonly {
    readonly tests: readonly {
      readonly results: readonly { readonly test_number: string; readonly status: string; readonly scored: boolean }[];
    }[];
  }[];
}

/** What a benchmark found on a machine. */
export interface Benchmark {
  readonly passed: number;
  /** Numbers of the scored checks that failed. */
  readonly failed: readonly string[];
}

/** Builds kube-bench from its module, whose sum is pinned, in the cache of the mirror's builds. */
export async function buildKubeBench(): Promise<string> {
  const directory = join(paths.cache, "drills", "kube-bench");
  mkdirSync(directory, { recursive: true });
  const go = (...args: string[]): Promise<string> =>
    must("go", args, { cwd: MODULE, env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" } });
  await go("build", "-trimpath", "-o", join(directory, "kube-bench"), PACKAGE);
  const source = (await go("list", "-m", "-f", "{{.Dir}}", PACKAGE)).trim();
  rmSync(join(directory, "cfg"), { recursive: true, force: true });
  // The module cache is read-only, and a later build has to replace the copy.
  await must("cp", ["--recursive", "--no-preserve=mode", join(source, "cfg"), directory]);
  return directory;
}

/** Runs it inside a machine: outside, its `ps` would see other processes. */
export async function runKubeBench(
  built: string,
  machine: string,
  benchmark: string,
  targets: string,
): Promise<Benchmark> {
  const pid = (await must("bash", [join(root, "components/machines/local/machine.sh"), "pid", machine])).trim();
  cpSync(built, `/proc/${pid}/root${PLACE}`, { recursive: true });
  const options = `--config-dir ${PLACE}/cfg --config ${PLACE}/cfg/config.yaml --benchmark ${benchmark} --targets ${targets} --json`;
  const script = `${PLACE}/kube-bench run ${options}`;
  const output = await must("nsenter", ["--target", pid, "--all", "bash", "-c", script]);
  rmSync(`/proc/${pid}/root${PLACE}`, { recursive: true });
  const report = JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1)) as Report;
  const results = report.Controls.flatMap(({ tests }) => tests.flatMap(({ results }) => results));
  const failed = results
    .filter(({ scored, status }) => scored && status === "FAIL")
    .map((result) => result.test_number);
  return { passed: results.filter(({ status }) => status === "PASS").length, failed };
}
