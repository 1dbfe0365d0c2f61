import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePulumi } from "@gitops-platform/mirror/pulumi/ensure";
import { paths } from "../../../scripts/lib/paths";
import { pulumiBinary } from "../../../scripts/lib/pulumi";
import { GitlabApi } from "../../pipeline/gitlab-api";
import { Site } from "../../plans/site";
import type { Drill } from "../drill";
import { GitlabPipeline, pretendCache, type Variables } from "../gitlab-pipeline";
import { must } from "../platform";

const TOKEN = "a token that must not show";
const BRANCH = "one-more-worker";

/** The jobs for code of a fork. */
const WITHOUT_SECRETS = ["check", "preview local"];
const STACKS = ["staging", "production"] as const;

type See = (line: string) => void;

export const mergeRequest: Drill = {
  name: "merge-request",
  promise:
    "the GitLab pipeline shows the effect of a merge request on staging and production, and a fork none of it; " +
    "the default branch plans, brings up what was planned, reports drift and recovers",
  needs: "nothing",
  minutes: 5,
  inTest: false,
  run: async (see) => {
    await ensurePulumi({ home: paths.pulumiHome, cache: paths.cache, log: see });
    const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-pipeline-"));
    const production = await Site.make("production");
    const staging = await Site.make("staging", production.env["PULUMI_BACKEND_URL"]);
    const api = await GitlabApi.start(TOKEN);
    try {
      await production.up();
      see("production is up, on paper; staging is still empty");
      const pipeline = await GitlabPipeline.clone(join(scratch, "clone"));
      const rehearsal = new Rehearsal(pipeline, production, staging, api, see);
      const figure = await rehearsal.mergeRequest();
      await rehearsal.defaultBranch(scratch);
      rehearsal.noSecretShown();
      return figure;
    } finally {
      await api.stop();
      for (const site of [production, staging]) site.remove();
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

class Rehearsal {
  private readonly logs: string[] = [];
  /** The variables of every pipeline of the project. */
  private readonly project: Variables;

  constructor(
    private readonly pipeline: GitlabPipeline,
    private readonly production: Site,
    private readonly staging: Site,
    private readonly api: GitlabApi,
    private readonly see: See,
  ) {
    this.project = {
      ...{ CI_API_V4_URL: api.url, CI_PROJECT_ID: "42", CI_DEFAULT_BRANCH: "main", GITLAB_COMMENT_TOKEN: TOKEN },
      PULUMI_BACKEND_URL: production.env["PULUMI_BACKEND_URL"] ?? "",
      PULUMI_CONFIG_PASSPHRASE: production.env["PULUMI_CONFIG_PASSPHRASE"] ?? "",
    };
  }

  async mergeRequest(): Promise<string> {
    const { api, pipeline, production, see } = this;
    await this.commit("the site's own environments");
    await pipeline.git("switch", "--quiet", "--create", BRANCH);
    const [last] = production.config.nodes.slice(-1);
    assert.ok(last);
    production.config.nodes.push({ ...last, name: "production-worker-3", address: "198.51.100.23" });
    await production.writeConfig();
    await this.commit("production: one more worker");

    const variables: Variables = {
      ...this.project,
      ...{ CI_PIPELINE_SOURCE: "merge_request_event", CI_MERGE_REQUEST_IID: "7", CI_COMMIT_BRANCH: "" },
      ...{ CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "42", CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED: "true" },
      CI_PIPELINE_URL: "https://git.example.org/-/pipelines/7",
    };
    const previews = STACKS.map((stack) => `preview: [${stack}]`);
    const forked = await pipeline.jobs({ ...variables, CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "43" });
    assert.deepEqual(forked, WITHOUT_SECRETS, "a fork's pipeline has other jobs than it should");
    const unprotected = await pipeline.jobs({ ...variables, CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED: "false" });
    assert.deepEqual(unprotected, WITHOUT_SECRETS, "so has that of a branch without protection");
    assert.deepEqual(await pipeline.jobs(variables), [...WITHOUT_SECRETS, ...previews]);
    see(`a fork's pipeline, and that of an unprotected branch: ${forked.join(", ")}`);

    const seconds = await this.succeeds(variables);
    const comment = (stack: string): string =>
      api.notes.find(({ body }) => body.includes(`plan ${stack} `))?.body ?? "";
    assert.equal(api.notes.length, 2, `comments: ${api.requests.join("\n")}`);
    assert.match(comment("staging"), /^### Plan for staging: \d+ to create$/m);
    assert.match(comment("production"), /^### Plan for production: .*\d to create$/m);
    assert.match(comment("production"), /<b>production-worker-3 \(worker, new\)<\/b>: \d to create/);
    assert.equal(readFileSync(join(pipeline.clone, "plan", "production.md"), "utf8"), comment("production"));
    see(comment("production"));

    production.config.nodes.pop();
    production.config.nodes.pop();
    await production.writeConfig();
    await this.commit("production: one worker fewer");
    await this.letGo("production-worker-2");
    await this.succeeds(variables, "preview: [production]");
    assert.equal(api.notes.length, 2, "the second plan is a comment of its own");
    assert.match(comment("production"), /^- production-worker-2 is deleted with its disk/m);
    see("the next commit's plan took the first one's place");
    return `${api.notes.length} comments, pipeline ${seconds.toFixed(0)} s`;
  }

  /** The default branch after the merge: `up` does what was planned, on plugins that touch nothing. */
  async defaultBranch(scratch: string): Promise<void> {
    const { pipeline, production, see, staging } = this;
    await pipeline.git("switch", "--quiet", "main");
    await pipeline.git("merge", "--quiet", BRANCH);
    const plugins = join(production.directory, "home", "plugins");
    const cache = await pretendCache(join(scratch, "cache"), plugins, see);
    const variables: Variables = {
      ...{ ...this.project, ...cache, CI_PIPELINE_SOURCE: "push", CI_COMMIT_BRANCH: "main" },
      CI_MERGE_REQUEST_SOURCE_BRANCH_PROTECTED: "",
    };
    const each = (job: string): string[] => STACKS.map((stack) => `${job}: [${stack}]`);
    assert.deepEqual(await pipeline.jobs(variables), ["check", ...each("plan"), ...each("up"), ...each("recover")]);
    const nightly = { ...variables, CI_PIPELINE_SOURCE: "schedule" };
    assert.deepEqual(await pipeline.jobs(nightly), [...each("drift"), "drills"]);

    await this.succeeds(variables, ...each("plan"));
    const { resources: before } = await stateOf(staging);
    assert.equal(before.length, 0, "a plan left something in the state");
    const seconds = await this.succeeds(variables, "up: [staging]");
    const { resources } = await stateOf(staging);
    assert.ok(resources.length > 50, `staging has ${resources.length} resources after its up`);
    see(`main: plans of both stacks, then staging came up as planned (${seconds.toFixed(0)} s)`);

    // Machines on paper don't answer: the job must fail.
    const drift = await this.runs(nightly, "drift: [staging]");
    assert.equal(drift.exitCode, 1, drift.output);
    assert.match(drift.output, /staging-cp-1: .*(timeout|unreachable|no route|refused)/);
    see("the nightly job fails when machines don't answer, and names them");
    const recovered = await this.runs(variables, "recover: [staging]");
    assert.equal(recovered.exitCode, 0, recovered.output);
    assert.match(recovered.output, /The stack staging is not locked any more\./);
  }

  noSecretShown(): void {
    const { api, logs, production, staging } = this;
    const secrets = [TOKEN, ...Object.values({ ...production.secrets, ...staging.secrets })];
    const shown = [...logs, ...api.notes.map(({ body }) => body)].join("\n");
    for (const secret of secrets)
      for (const line of secret.split("\n").filter((text) => text.length > 20 && !text.startsWith("-----")))
        assert.ok(!shown.includes(line), "a log or a comment shows a secret");
  }

  private async commit(message: string): Promise<void> {
    for (const { configFile, stack } of [this.production, this.staging])
      copyFileSync(configFile, join(this.pipeline.clone, `Pulumi.${stack}.yaml`));
    await this.pipeline.git("commit", "--quiet", "--all", "--message", message);
  }

  private async runs(...[variables, ...jobs]: Parameters<GitlabPipeline["run"]>) {
    const ran = await this.pipeline.run(variables, ...jobs);
    this.logs.push(ran.output);
    return ran;
  }

  /** @returns the seconds that the jobs took */
  private async succeeds(...args: Parameters<GitlabPipeline["run"]>): Promise<number> {
    const { exitCode, output, seconds } = await this.runs(...args);
    assert.equal(exitCode, 0, output);
    return seconds;
  }

  /** Removes the protection of a machine's host key, as docs/guides/policy.md describes. */
  private async letGo(node: string): Promise<void> {
    const hostKey =
      "urn:pulumi:production::gitops-platform::gitops-platform:machines:LibvirtMachine$gitops-platform:machines:HostKey";
    for (const protectedBy of [
      `${hostKey}::${node}-host-key`,
      `${hostKey}$random:index/randomPassword:RandomPassword::${node}-host-key-seed`,
    ])
      await must(pulumiBinary(), ["state", "unprotect", protectedBy, "--stack", "production", "--yes"], {
        env: this.production.env,
      });
  }
}

async function stateOf({ env, stack }: Site): Promise<{ resources: readonly object[] }> {
  const text = await must(pulumiBinary(), ["stack", "export", "--stack", stack], { env });
  const { deployment } = JSON.parse(text) as { deployment: { resources?: readonly object[] } };
  return { resources: deployment.resources ?? [] };
}
