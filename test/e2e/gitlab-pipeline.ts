import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { paths, root } from "../../scripts/lib/paths";
import { must, run, type Ran } from "./platform";

const GIT = ["-c", "user.name=Drill", "-c", "user.email=drill@example.org"];

/** Variables that a pipeline is given. */
export type Variables = Readonly<Record<string, string>>;

/** A clone of this project whose `.gitlab-ci.yml` is run for real, on this computer's shell. */
export class GitlabPipeline {
  private constructor(readonly clone: string) {}

  /** Clones what is committed here, on a branch `main`, with the packages that are installed here. */
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
    // What scripts/lib/bootstrap.sh finds up to date it does not install again.
    const packages = join(directory, "node_modules");
    await duplicate(realpathSync(join(root, "node_modules")), packages);
    rmSync(join(packages, ".cache"), { recursive: true, force: true });
    rmSync(join(packages, ".installed-lock.json"), { force: true });
    copyFileSync(join(root, "package-lock.json"), join(packages, ".installed-lock.json"));
    return new GitlabPipeline(directory);
  }

  git(...args: readonly string[]): Promise<string> {
    return must("git", [...GIT, ...args], { cwd: this.clone });
  }

  /** Names of the jobs that would run, those that wait for somebody included. */
  async jobs(variables: Variables): Promise<readonly string[]> {
    const { exitCode, output } = await this.start(["--list-csv"], variables);
    assert.equal(exitCode, 0, output);
    const lines = output.split("\n");
    const rows = lines.slice(lines.findIndex((line) => line.startsWith("name;")) + 1);
    return rows.map((row) => row.split(";")[0] ?? "").filter(Boolean);
  }

  /** Runs some jobs, or all that don't wait for somebody. */
  run(variables: Variables, ...jobs: readonly string[]): Promise<Ran> {
    return this.start(jobs, variables);
  }

  private start(args: readonly string[], variables: Variables): Promise<Ran> {
    // Typed: the content of what looks like a file would be taken otherwise.
    const typed = Object.entries(variables).map(([name, value]) => [
      name,
      { type: "variable", values: { "*": value } },
    ]);
    // A file, so that the token is in no argument list.
    const file = join(this.clone, ".gitlab-ci-local-variables.yml");
    writeFileSync(file, stringify(Object.fromEntries(typed)), { mode: 0o600 });
    const program = join(root, "node_modules", "gitlab-ci-local", "dist", "index.js");
    // Its copies of the tree outside the clone: the checks would take them for sources.
    const flags = ["--state-dir", "../state", "--ignore-predefined-vars", Object.keys(variables).join(",")];
    return run(process.execPath, [program, ...flags, ...args], { cwd: this.clone });
  }
}

/**
 * Makes a cache in which jobs find Pulumi's programs, as those of this computer, and plugins that touch nothing, so that
 * a site that exists on paper can be brought up by a pipeline.
 *
 * @param plugins a folder of plugins
 * @returns what the jobs have to be given
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

/** Copies a folder by linking its files, which takes no time; really, to another file system. */
async function duplicate(from: string, to: string): Promise<void> {
  const { exitCode } = await run("cp", ["-al", from, to]);
  if (exitCode === 0) return;
  rmSync(to, { recursive: true, force: true });
  await must("cp", ["-a", from, to]);
}
