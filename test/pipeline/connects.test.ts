/**
 * What a preview connects to, as the kernel sees it: the state backend and nothing else; once the stack has a cluster,
 * also its API, which nobody has to answer. Connections between the programs of one preview stay on 127.0.0.1.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { paths, root } from "../../scripts/lib/paths";
import { outsideAddresses } from "../e2e/outside-addresses";
import { Site } from "../plans/site";
import { PostgresServer } from "./postgres-server";

const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-connects-"));
const trace = join(scratch, "trace");
const STRACE = ["-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", trace];

/** What `npm run preview` does once it has found the stack: the engine, the policy pack, the plan for people. */
const PREVIEW = `
  const { previewPlan } = require("./scripts/stack/access/preview-run");
  const { exitCodeOf } = require("./scripts/stack/plan/plan");
  const { renderTerminal } = require("./scripts/stack/plan/terminal");
  void previewPlan(JSON.parse(process.env.ACCESS)).then((plan) => {
    process.stdout.write(renderTerminal(plan, false));
    process.exitCode = exitCodeOf(plan);
  });`;

/** Where the traced programs led outside, and how many connects there were at all. */
function spoken(): { outside: readonly string[]; connects: number } {
  const text = readFileSync(trace, "utf8");
  return { outside: outsideAddresses(text), connects: text.split("connect(").length - 1 };
}

describe.each(["staging", "production"])("%s", (stack) => {
  it("before there is any state: nothing at all", async () => {
    const command = [process.execPath, "--require", "tsx/cjs", "scripts/stack/preview.ts", stack];
    const { exitCode, stdout } = await execa("strace", [...STRACE, ...command], {
      ...{ cwd: root, reject: false, stdin: "ignore" },
      env: { PULUMI_BACKEND_URL: "", PULUMI_CREDENTIALS_PATH: scratch },
    });
    expect(stdout).toMatch(new RegExp(`^Plan for ${stack}: \\d+ to create\n`));
    expect(exitCode).toBe(7);
    const { outside, connects } = spoken();
    expect(outside).toEqual([]);
    expect(connects, "the trace shows no connect: the test is blind").toBeGreaterThan(5);
  });

  describe("with its state in PostgreSQL", () => {
    let postgres: PostgresServer;
    let site: Site;
    beforeAll(async () => {
      postgres = await PostgresServer.start();
      Object.assign(process.env, postgres.environment);
      site = await Site.make(stack, postgres.url);
    });
    afterAll(async () => {
      site.remove();
      await postgres.stop();
    });
    // The real plugins: those that a site comes up with would not connect anyway.
    const preview = () =>
      execa("strace", [...STRACE, process.execPath, "--require", "tsx/cjs", "--eval", PREVIEW], {
        ...{ cwd: root, reject: false, stdin: "ignore" },
        env: { ACCESS: JSON.stringify(site.access({ PULUMI_HOME: paths.pulumiHome })) },
      });
    const backend = () => new URL(postgres.url).host;

    it("before the first up: the backend", async () => {
      const { exitCode, stdout, stderr } = await preview();
      expect(stdout, stderr).toMatch(new RegExp(`^Plan for ${stack}: \\d+ to create\n`));
      expect(exitCode).toBe(7);
      expect(spoken().outside).toEqual([backend()]);
    });

    it("after the first up: the backend, and at most the API of its cluster, which does not answer", async () => {
      await site.up();
      site.config.diskGate["limitMs"] = 9;
      await site.writeConfig();
      const { exitCode, stdout, stderr } = await preview();
      expect(stdout, stderr).toMatch(new RegExp(`^Plan for ${stack}: \\d+ to update\n`));
      expect(exitCode).toBe(7);
      expect(spoken().outside).toContain(backend());
      expect([backend(), "127.0.0.3:9"]).toEqual(expect.arrayContaining([...spoken().outside]));
    });
  });
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));
