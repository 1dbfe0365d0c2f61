import assert from "node:assert/strict";
import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { paths, root } from "../../scripts/lib/paths";
import { must, run, type Ran } from "./platform";

const GIT = ["-c", "user.name=Drill", "-c", "user.email=drill@example.org"];

/** The variables of a pipeline. */
export type Variables = Readonly<Record<string, string>>;

/** A clone of this project that runs its own `.gitlab-ci.yml`, in this computer's shell. */
export class GitlabPipeline {
  private constructor(readonly clone: string) {}

  /** Clones the commit of this clone as branch `main`, with the packages that are installed here. */
  static async clone(directory: string): Promise<GitlabPipeline> {
    if (!existsSync("/usr/bin/rsync"))
      await must("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "rsync"], {
        env: { DEBIAN_FRONTEND: "noninteractive" },
      });
    await must("git", ["clone", "--quiet", root, directory]);
    await must("git", ["switch", "--quiet", "--force-create", "main"], { cwd: directory });
    await must("git", ["remote", "set-url", "origin", "https://git.example.org/platform/gitops.git"], {
      cwd: directory,
    });
    // scripts/lib/bootstrap.sh doesn't install what is up to date.
    const packages = join(directory, "node_modules");
    await duplicate(realpathSync(join(root, "node_modules")), packages);
    rmSync(join(packages, ".cache"), { recursive: true, force: true });
    return new GitlabPipeline(directory);
  }

  git(...args: readonly string[]): Promise<string> {
    return must("git", [...GIT, ...args], { cwd: this.clone });
  }

  /** The names of the jobs of a pipeline, manual ones included. */
  async jobs(variables: Variables): Promise<readonly string[]> {
    const { exitCode, output } = await this.start(["--list-csv"], variables);
    assert.equal(exitCode, 0, output);
    const lines = output.split("\n");
    const rows = lines.slice(lines.findIndex((line) => line.startsWith("name;")) + 1);
    return rows.map((row) => row.split(";")[0] ?? "").filter(Boolean);
  }

  /** Runs the given jobs, or all jobs that aren't manual. */
  run(variables: Variables, ...jobs: readonly string[]): Promise<Ran> {
    return this.start(jobs, variables);
  }

  private start(args: readonly string[], variables: Variables): Promise<Ran> {
    // Typed: without a type, a value that looks like a file name is replaced by the content of the file.
    const typed = Object.entries(variables).map(([name, value]) => [
      name,
      { type: "variable", values: { "*": value } },
    ]);
    // A file, so that the token is in no argument list.
    const file = join(this.clone, ".gitlab-ci-local-variables.yml");
    writeFileSync(file, stringify(Object.fromEntries(typed)), { mode: 0o600 });
    const program = join(root, "node_modules", "gitlab-ci-local", "dist", "index.js");
    // Keeps copies of the tree outside the clone, where the checks would read them as sources.
    const flags = ["--state-dir", "../state", "--ignore-predefined-vars", Object.keys(variables).join(",")];
    return run(process.execPath, [program, ...flags, ...args], { cwd: this.clone });
  }
}

/**
 * Makes a cache with this computer's Pulumi and with plugins that touch nothing, so that a pipeline can bring up a site that
 * exists on paper only.
 *
 * @param plugins a folder of plugins
 * @returns the variables that select the cache
 */
export async function pretendCache(
  directory: string,
  plugins: string,
  log: (line: string) => void,
): Promise<Variables> {
  const cache = join(directory, "gitops-platform");
  const home = join(cache, "pulumi-home");
  mkdirSync(cache, { recursive: true });
  symlinkSync(join(paths.cache, "build"), join(cache, "build"));
  await duplicate(paths.pulumiHome, home);
  await ensurePulumi({ home, cache, log });
  rmSync(join(home, "plugins"), { recursive: true });
  symlinkSync(plugins, join(home, "plugins"));
  return { XDG_CACHE_HOME: directory };
}

/** Copies a folder with hard links, or file by file to another file system. */
async function duplicate(from: string, to: string): Promise<void> {
  const { exitCode } = await run("cp", ["-al", from, to]);
  if (exitCode === 0) return;
  rmSync(to, { recursive: true, force: true });
  await must("cp", ["-a", from, to]);
}
