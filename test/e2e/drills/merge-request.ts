import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { ensurePulumi } from "../../../airgap/pulumi/ensure";
import { paths, root } from "../../../scripts/local/platform/paths";
import { pulumiBinary } from "../../../scripts/local/platform/pulumi";
import { GitlabApi } from "../../pipeline/gitlab-api";
import { Site } from "../../plans/site";
import type { Drill } from "../drill";
import { must, run, type Ran } from "../platform";

const TOKEN = "a token that must not show";
const GIT = ["-c", "user.name=Drill", "-c", "user.email=drill@example.org"];

export const mergeRequest: Drill = {
  name: "merge-request",
  promise: "a merge request shows what it would do to staging and production; a fork's shows nothing of them",
  needs: "nothing",
  // A whole pipeline, whose own checks are run by `npm test` already.
  alone: true,
  run: async (see) => {
    if (!existsSync("/usr/bin/rsync"))
      await must("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "rsync"], {
        env: { DEBIAN_FRONTEND: "noninteractive" },
      });
    await ensurePulumi({ home: paths.pulumiHome, cache: paths.cache, log: see });
    const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-pipeline-"));
    const production = await Site.make("production");
    const staging = await Site.make("staging", production.env["PULUMI_BACKEND_URL"]);
    const api = await GitlabApi.start(TOKEN);
    try {
      await production.up();
      see("production is up, on paper; staging is still empty");
      const clone = join(scratch, "clone");
      await must("git", ["clone", "--quiet", root, clone]);
      const commit = async (message: string): Promise<void> => {
        for (const { configFile, stack } of [production, staging])
          copyFileSync(configFile, join(clone, `Pulumi.${stack}.yaml`));
        await must("git", [...GIT, "commit", "--quiet", "--all", "--message", message], { cwd: clone });
      };
      await must("git", ["remote", "set-url", "origin", "https://git.example.org/platform/gitops.git"], { cwd: clone });
      await commit("the site's own environments");
      await must("git", ["switch", "--quiet", "--create", "one-more-worker"], { cwd: clone });
      const [last] = production.config.nodes.slice(-1);
      assert.ok(last);
      production.config.nodes.push({ ...last, name: "production-worker-3", address: "198.51.100.23" });
      await production.writeConfig();
      await commit("production: one more worker");

      const pipeline = new Pipeline(clone, {
        ...{ CI_API_V4_URL: api.url, CI_PROJECT_ID: "42", CI_MERGE_REQUEST_IID: "7", GITLAB_COMMENT_TOKEN: TOKEN },
        ...{ CI_PIPELINE_SOURCE: "merge_request_event", CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED: "true" },
        ...{ CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "42", CI_PIPELINE_URL: "https://git.example.org/-/pipelines/7" },
        PULUMI_BACKEND_URL: production.env["PULUMI_BACKEND_URL"] ?? "",
        PULUMI_CONFIG_PASSPHRASE: production.env["PULUMI_CONFIG_PASSPHRASE"] ?? "",
      });
      const forked = await pipeline.jobs({ CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "43" });
      assert.deepEqual(forked, ["check", "preview local"], "a fork's pipeline has other jobs than it should");
      const unprotected = await pipeline.jobs({ CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED: "false" });
      assert.deepEqual(unprotected, ["check", "preview local"], "so has that of a branch without protection");
      see(`a fork's pipeline: ${forked.join(", ")}`);

      const first = await pipeline.run();
      assert.equal(first.exitCode, 0, first.output);
      see(`the pipeline of the changed branch went through in ${first.seconds.toFixed(0)} s`);
      assert.equal(api.notes.length, 2, `comments: ${api.requests.join("\n")}`);
      const comment = (stack: string): string =>
        api.notes.find(({ body }) => body.includes(`plan ${stack} `))?.body ?? "";
      assert.match(comment("staging"), /^### Plan for staging: \d+ to create$/m);
      assert.match(comment("production"), /^### Plan for production: .*\d to create$/m);
      assert.match(comment("production"), /<b>production-worker-3 \(worker, new\)<\/b>: \d to create/);
      assert.equal(readFileSync(join(clone, "plan", "production.md"), "utf8"), comment("production"));
      see(comment("production"));

      production.config.nodes.pop();
      production.config.nodes.pop();
      await production.writeConfig();
      await commit("production: one worker fewer");
      // Production protects what host keys are made from; docs/policy.md says how a machine is let go.
      const hostKey =
        "urn:pulumi:production::gitops-platform::gitops-platform:machines:LibvirtMachine$gitops-platform:machines:HostKey";
      for (const protectedBy of [
        `${hostKey}::production-worker-2-host-key`,
        `${hostKey}$random:index/randomPassword:RandomPassword::production-worker-2-host-key-seed`,
      ])
        await must(pulumiBinary(), ["state", "unprotect", protectedBy, "--stack", "production", "--yes"], {
          env: production.env,
        });
      const second = await pipeline.run("preview: [production]");
      assert.equal(second.exitCode, 0, second.output);
      assert.equal(api.notes.length, 2, "the second plan is a comment of its own");
      assert.match(comment("production"), /^- production-worker-2 is deleted with its disk/m);
      see("the next commit's plan took the first one's place");

      const secrets = [TOKEN, ...Object.values({ ...production.secrets, ...staging.secrets })];
      const shown = [first.output, second.output, ...api.notes.map(({ body }) => body)].join("\n");
      for (const secret of secrets)
        for (const line of secret.split("\n").filter((text) => text.length > 20 && !text.startsWith("-----")))
          assert.ok(!shown.includes(line), "a log or a comment shows a secret");
      return `${api.notes.length} comments, pipeline ${first.seconds.toFixed(0)} s`;
    } finally {
      await api.stop();
      for (const site of [production, staging]) site.remove();
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

/** `.gitlab-ci.yml` of a clone, run for real on this computer's shell. */
class Pipeline {
  constructor(
    private readonly clone: string,
    private readonly variables: Readonly<Record<string, string>>,
  ) {}

  /** Names of the jobs that would run. */
  async jobs(variables: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const { exitCode, output } = await this.start(["--list-csv"], variables);
    assert.equal(exitCode, 0, output);
    const lines = output.split("\n");
    const rows = lines.slice(lines.findIndex((line) => line.startsWith("name;")) + 1);
    return rows.map((row) => row.split(";")[0] ?? "").filter(Boolean);
  }

  /** Runs all of it, or some jobs. */
  run(...jobs: readonly string[]): Promise<Ran> {
    return this.start(jobs, {});
  }

  private start(args: readonly string[], variables: Readonly<Record<string, string>>): Promise<Ran> {
    const all = { ...this.variables, ...variables };
    // A file, so that the token is in no argument list.
    writeFileSync(join(this.clone, ".gitlab-ci-local-variables.yml"), stringify(all), { mode: 0o600 });
    const program = join(root, "node_modules", "gitlab-ci-local", "dist", "index.js");
    // Its copies of the tree outside the clone: the checks would take them for sources.
    const flags = ["--state-dir", "../state", "--ignore-predefined-vars", Object.keys(all).join(",")];
    return run(process.execPath, [program, ...flags, ...args], { cwd: this.clone });
  }
}
