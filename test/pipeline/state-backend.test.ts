/**
 * The state in a PostgreSQL server that the site owns: locks, what a killed update leaves, old checkpoints, reviewed
 * plans. The machines of the site exist on paper only; that an interrupted step recovers is proved by the drill
 * interrupted-up.
 */
import assert from "node:assert/strict";
import { execa, type ExecaChildProcess } from "execa";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkedUpdate } from "../../scripts/stack/access/checked-update";
import { clearInterruption } from "../../scripts/stack/access/interruption";
import { previewPlan } from "../../scripts/stack/access/preview-run";
import { renderMarkdown } from "../../scripts/stack/plan/markdown";
import { root } from "../../scripts/lib/paths";
import { pulumiBinary } from "../../scripts/lib/pulumi";
import { Site, type SiteNode } from "../plans/site";
import { PostgresServer } from "./postgres-server";

const STATE = "state/.pulumi/stacks/gitops-platform/staging.json";
const TEXT = "convert_from(decode(data->>'data', 'base64'), 'utf8')";

let postgres: PostgresServer;
let site: Site;
let told: string[] = [];
/** Nobody answers at the API server of a site on paper. */
const deploy = (reviewed?: string) =>
  checkedUpdate(site.access(), { reviewed, apiSeconds: 0, report: (line) => void told.push(line) });

beforeAll(async () => {
  postgres = await PostgresServer.start();
  Object.assign(process.env, postgres.environment);
  site = await Site.make("staging", postgres.url);
});
afterAll(async () => {
  site.remove();
  await postgres.stop();
});

/** A worker like the last one. */
function oneMore(name: string, address: string): SiteNode {
  const last = site.config.nodes.at(-1);
  assert(last);
  return { ...last, name, address };
}

/** An update that takes two minutes in the middle of its disk gate, in a process group of its own. */
async function slowUpdate(): Promise<{ process: ExecaChildProcess }> {
  const { args, env } = site.access({ PRETEND_SLOW: "disk-gate-staging-cp-1=120000" });
  const flags = ["--yes", "--skip-preview", "--non-interactive"];
  const child = execa(pulumiBinary(), ["up", ...args, ...flags], {
    ...{ cwd: root, env, detached: true, reject: false, stdio: "ignore" },
  });
  for (let tries = 0; tries < 600; tries++) {
    const [middle] = await postgres.sql(
      `select substr(${TEXT}, position('pending_operations' in ${TEXT})) like '%disk-gate-staging-cp-1%' from pulumi_state where key = '${STATE}'`,
    );
    if (middle === "t") return { process: child };
    await sleep(200);
  }
  throw new Error("the update did not get to its disk gate within 120 s");
}

describe("two updates at once, and one that is killed", () => {
  let first: ExecaChildProcess;
  it("the second is refused with a sentence", async () => {
    ({ process: first } = await slowUpdate());
    const second = await deploy();
    expect(second.exitCode).not.toBe(0);
    expect(second.errors.join("\n")).toMatch(
      /^stack staging — is being updated by \S+@\S+ \(process \d+\) since 20\S+; wait until that has ended\. If it was killed, and only then: npm run recover -- staging$/,
    );
    expect(second.errors.join("\n")).toContain(`(process ${first.pid})`);
  });

  it("what a killed one leaves keeps the next one out, until it is recovered", async () => {
    assert(first.pid, "there is no first update to kill");
    process.kill(-first.pid, "SIGKILL");
    await first;
    const refused = await deploy();
    expect(refused.errors.join("\n")).toContain("npm run recover -- staging");

    expect(await clearInterruption(site.access())).toEqual([
      "The stack staging is not locked any more.",
      expect.stringMatching(/^Interrupted, and done again by the next update: .*creating disk-gate-staging-cp-1.*\.$/),
    ]);
    told = [];
    const next = await deploy();
    expect(next.errors).toEqual([]);
    expect(told.join("\n")).toContain("created  disk-gate-staging-cp-1");
    const again = await deploy();
    expect(again).toMatchObject({ exitCode: 0, changed: false });
  });

  it("recovering what needs none does no harm", async () => {
    expect(await clearInterruption(site.access())).toEqual(["The stack staging is not locked any more."]);
    expect(await deploy()).toMatchObject({ exitCode: 0, changed: false });
  });
});

describe("a reviewed plan", () => {
  const reviewed = async (): Promise<string> => renderMarkdown(await previewPlan(site.access()));

  it("is carried out while it is still the plan", async () => {
    site.config.nodes.push(oneMore("staging-worker-2", "192.0.2.22"));
    await site.writeConfig();
    const plan = await reviewed();
    told = [];
    expect(await deploy(plan)).toMatchObject({ exitCode: 0, errors: [] });
    expect(told.join("\n")).toContain("created  staging-staging-worker-2-join");
  });

  it("forbids everything else", async () => {
    const plan = await reviewed();
    site.config.nodes.push(oneMore("staging-worker-3", "192.0.2.23"));
    await site.writeConfig();
    await expect(deploy(plan)).rejects.toThrow(
      /^stack staging — would be changed in another way than was reviewed \(Plan for staging: .+\); nothing was done/,
    );
  });
});

it("every update's checkpoint is kept, and an old one can be put back", async () => {
  const keys = await postgres.sql(
    "select key from pulumi_state where key like '%/history/%.checkpoint.json' order by key",
  );
  expect(keys.length).toBeGreaterThanOrEqual(4);
  // As docs/guides/ci.md says it.
  const [old = ""] = await postgres.sql(
    `select ${TEXT}::json->'checkpoint'->'latest' from pulumi_state where key = '${keys[1]}'`,
  );
  const deployment = JSON.parse(old) as { resources: object[] };
  const importing = execa(pulumiBinary(), ["stack", "import", "--stack", "staging"], {
    ...{ cwd: root, env: site.env, input: JSON.stringify({ version: 3, deployment }) },
  });
  await importing;
  const exported = await execa(pulumiBinary(), ["stack", "export", "--stack", "staging"], { cwd: root, env: site.env });
  const { deployment: now } = JSON.parse(exported.stdout) as { deployment: { resources: object[] } };
  expect(now.resources).toHaveLength(deployment.resources.length);
});
