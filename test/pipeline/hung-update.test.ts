/**
 * An update that hangs on a machine which takes connections and says nothing is ended from outside, on the real engine.
 * Runs on the stand-in; OFFICIAL_COMMAND_PLUGIN names an official plugin 1.2.1 to run on instead, on which it passed.
 */
import { execa } from "execa";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { SilentServer } from "@gitops-platform/ssh/test/silent-server";
import { makeKey, TestSshServer } from "@gitops-platform/ssh/test/ssh-server";
import { installStandIns, standIns } from "@gitops-platform/stand-ins/bundle";
import { followEvents } from "../../scripts/lib/event-log";
import { LIMITS } from "../../scripts/lib/hung-step";
import { paths, root } from "../../scripts/lib/paths";
import { pulumiBinary } from "../../scripts/lib/pulumi";
import { Watchdog } from "../../scripts/lib/watchdog";

const QUICK = { ...LIMITS, quietMs: 2_000, intervalMs: 1_000, bannerSeconds: 1, silentMs: 5_000, awayMs: 600_000 };

const PROGRAM = `
const command = require("@pulumi/command");
const server = (port) => ({ host: "127.0.0.1", port: Number(port), privateKey: process.env.LOGIN, dialErrorLimit: 60, perDialTimeout: 2 });
const make = (name, port) => new command.remote.Command(name, { connection: server(port), create: name, logging: "none" });
make("healthy-prepare", process.env.HEALTHY);
make("hung-prepare", process.env.HUNG);
`;

const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-hung-"));
const [hostKey, login] = [makeKey(), makeKey()];
let silent: SilentServer;
let healthy: TestSshServer;
/** Names of the steps that ended on the healthy server. */
const ended: string[] = [];
let env: Record<string, string>;

beforeAll(async () => {
  silent = await new SilentServer().start();
  healthy = await new TestSshServer(hostKey, { publicKey: login }, ({ command, exit }) => {
    // Still at work when the update is cancelled.
    const end = (): void => {
      ended.push(command);
      exit(0);
    };
    setTimeout(end, command === "healthy-prepare" ? 15_000 : 0);
  }).start();
  for (const directory of ["state", "home", "project"]) mkdirSync(join(scratch, directory));
  const home = join(scratch, "home");
  symlinkSync(join(paths.pulumiHome, "versions"), join(home, "versions"));
  await installStandIns(
    home,
    (await standIns()).filter(({ name }) => name === "command"),
  );
  // Not served everywhere; set it to a program built from the plugin's source.
  const official = process.env["OFFICIAL_COMMAND_PLUGIN"];
  if (official) cpSync(official, join(home, "plugins", "resource-command-v1.2.1", "pulumi-resource-command"));
  writeFileSync(
    join(scratch, "project", "Pulumi.yaml"),
    "name: hung\nruntime:\n  name: nodejs\n  options: { typescript: false }\n",
  );
  writeFileSync(join(scratch, "project", "index.js"), PROGRAM);
  symlinkSync(join(root, "node_modules"), join(scratch, "project", "node_modules"));
  env = {
    ...{
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${join(scratch, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "a test",
    },
    ...{ PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true", NODE_OPTIONS: "" },
    ...{ LOGIN: login.private, HEALTHY: String(healthy.port), SSH_AUTH_SOCK: "" },
  };
  await pulumi(["stack", "init", "test", "--secrets-provider", "passphrase"]);
});
afterAll(() => {
  silent.stop();
  healthy.stop();
  rmSync(scratch, { recursive: true, force: true });
});

async function pulumi(args: readonly string[]): Promise<string> {
  const all = [...args, "--non-interactive", "--color", "never"];
  return (await execa(pulumiBinary(), all, { cwd: join(scratch, "project"), env })).stdout;
}

async function up(hung: number): Promise<{ exitCode: number; reasons: string[]; reported: string[]; seconds: number }> {
  const reported: string[] = [];
  const exportState = (): Promise<string> => pulumi(["stack", "export", "--stack", "test", "--show-secrets"]);
  const watchdog = new Watchdog(exportState, (line) => void reported.push(line), QUICK);
  const events = followEvents("/dev/null", (event) => watchdog.note(event));
  const begin = performance.now();
  const update = execa(
    pulumiBinary(),
    ["up", "--stack", "test", "--yes", "--skip-preview", "--non-interactive", "--event-log", events.file],
    {
      cwd: join(scratch, "project"),
      env: { ...env, HUNG: String(hung), PULUMI_DEBUG_COMMANDS: "true" },
      reject: false,
    },
  );
  if (update.pid !== undefined) watchdog.start(update.pid);
  const { exitCode } = await update;
  watchdog.stop();
  events.end();
  return { exitCode, reasons: watchdog.reasons, reported, seconds: (performance.now() - begin) / 1000 };
}

it("is ended within its bound, names the machine, lets the others finish, and the next update continues", async () => {
  const { exitCode, reasons, reported, seconds } = await up(silent.port);
  expect(exitCode).not.toBe(0);
  expect(reasons).toEqual([
    expect.stringMatching(
      new RegExp(
        `^hung-prepare — 127\\.0\\.0\\.1:${silent.port} takes connections but has sent no SSH banner for \\d+ s, `,
      ),
    ),
  ]);
  expect(reported.at(-1)).toBe("ending the update; steps on other machines finish first");
  expect(seconds).toBeLessThan(60);
  // Neither the plugin nor a lock is left.
  await vi.waitFor(() => expect(silent.connections).toBe(0), 10_000);
  const locks = readdirSync(join(scratch, "state", ".pulumi", "locks"), { recursive: true, encoding: "utf8" });
  expect(locks.filter((name) => name.endsWith(".json"))).toEqual([]);
  expect(ended).toEqual(["healthy-prepare"]);

  const next = await up(healthy.port);
  expect([next.exitCode, next.reasons]).toEqual([0, []]);
  expect(ended).toEqual(["healthy-prepare", "hung-prepare"]);
});
