import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paths } from "../../scripts/lib/paths";
import { must } from "./platform";

/** A clone of the hub's repository, over SSH with the operator's key and the hub's pinned host key. */
export class Clone {
  private constructor(
    readonly directory: string,
    private readonly environment: Record<string, string>,
  ) {}

  /** Clones, calls `work`, and removes the clone. */
  static async with<T>(repoURL: string, knownHosts: string, work: (clone: Clone) => Promise<T>): Promise<T> {
    const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-clone-"));
    try {
      writeFileSync(join(scratch, "known_hosts"), knownHosts);
      const ssh = `ssh -i ${join(paths.keys, "operator")} -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=${join(scratch, "known_hosts")}`;
      const environment = {
        GIT_SSH_COMMAND: ssh,
        GIT_AUTHOR_NAME: "Drill",
        GIT_AUTHOR_EMAIL: "drill@example.org",
        GIT_COMMITTER_NAME: "Drill",
        GIT_COMMITTER_EMAIL: "drill@example.org",
      };
      const directory = join(scratch, "infra");
      await must("git", ["clone", "--quiet", repoURL, directory], { env: environment });
      return await work(new Clone(directory, environment));
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  /** Runs git in the clone. */
  git(...args: string[]): Promise<string> {
    return must("git", args, { cwd: this.directory, env: this.environment });
  }

  /** Commits and pushes all changes. */
  async publish(message: string): Promise<void> {
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--message", message);
    await this.git("push", "--quiet");
  }
}
