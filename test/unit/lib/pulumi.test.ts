/** The runner in front of a program in Pulumi's place: what it is given, and what of its output a person may see. */
import { rmSync } from "node:fs";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";

const SECRETS = vi.hoisted(() => {
  const cache = `/tmp/gitops-platform-fake-pulumi-${process.pid}`;
  const secrets = { password: "hunter22", passphrase: "correct horse battery", token: "a-token-of-a-forge" };
  Object.assign(process.env, {
    XDG_CACHE_HOME: cache,
    PULUMI_BACKEND_URL: `postgres://pulumi:${secrets.password}@db.example.org/state`,
    PULUMI_CONFIG_PASSPHRASE: secrets.passphrase,
    GITLAB_COMMENT_TOKEN: secrets.token,
  });
  return { ...secrets, cache };
});
vi.mock("@gitops-platform/mirror/pulumi/ensure", () => ({
  ensurePulumi: () => Promise.resolve({ origin: "official" }),
}));

import { type Command, runCommand } from "@gitops-platform/cli/command";
import { paths } from "../../../scripts/lib/paths";
import { pulumi, reasonOf, runPulumi } from "../../../scripts/lib/pulumi";
import { dropPendingOperations } from "../../../scripts/lib/stack-commands";
import { update } from "../../../scripts/lib/update";
import { command as deploy } from "../../../scripts/stack/deploy";
import { command as drift } from "../../../scripts/stack/drift";
import { command as forget } from "../../../scripts/stack/forget";
import { command as preview } from "../../../scripts/stack/preview";
import { command as recover } from "../../../scripts/stack/recover";
import { FakePulumi } from "../../fixtures/fake-pulumi";

const { cache, ...secrets } = SECRETS;
/** Whatever Pulumi and its plugins may repeat. */
const TELLTALE = `open postgres://pulumi:${secrets.password}@db.example.org/state with "${secrets.passphrase}" and ${secrets.token}`;
const SAFE = 'open postgres://pulumi:[redacted]@db.example.org/state with "[redacted]" and [redacted]';
const LOCK = "the stack is currently locked by 1 lock(s): created by ci@runner-2 (pid 4711) at 2026-11-24T13:05:00Z";
const target = { stack: "production", args: ["--stack", "production"], env: {} };

const fake = new FakePulumi();
beforeEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => {
  rmSync(cache, { recursive: true, force: true });
});

/** A command's exit code, and all that a person sees of it. */
async function shown(command: Command, argv: readonly string[]): Promise<{ code: number; text: string }> {
  let text = "";
  const write = (chunk: unknown): boolean => {
    text += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(write);
  vi.spyOn(process.stderr, "write").mockImplementation(write);
  const code = await runCommand(command, argv);
  vi.restoreAllMocks();
  return { code, text };
}

it("the programs of these tests are not Pulumi's", () => {
  expect(paths.pulumiHome).toBe(`${cache}/gitops-platform/pulumi-home`);
});

describe("no command shows a secret that Pulumi prints", () => {
  it.each<[string, Command, readonly string[]]>([
    ["preview", preview, ["production"]],
    ["deploy", deploy, ["production"]],
    ["recover", recover, ["production"]],
    ["forget", forget, ["production", "production-cp-2"]],
    ["drift", drift, ["production"]],
  ])("npm run %s", async (_name, command, argv) => {
    fake.behave({ code: 255, stderr: `npm warn old\nerror: ${TELLTALE}\n` });
    const { code, text } = await shown(command, argv);
    expect(fake.calls.length).toBeGreaterThan(0);
    expect(code).toBe(1);
    expect(text).toContain(SAFE);
    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret);
  });
});

describe("a command of Pulumi", () => {
  it("gets a secret on its standard input, and no terminal", async () => {
    fake.behave({ stdout: "done" });
    expect(await pulumi(target, ["config", "set", "--secret", "key"], { input: "a value" })).toBe("done");
    expect(fake.calls).toEqual(["config set --secret key --stack production --non-interactive --color never"]);
    expect(fake.input).toBe("a value");
  });

  it("fails with its own reason, from its error on", async () => {
    fake.behave({ code: 255, stderr: "npm warn old\nwarning: new\nerror: no such stack\nmore\n" });
    await expect(pulumi(target, ["stack", "export"])).rejects.toThrow(
      new Error("stack production — no such stack\nmore"),
    );
    fake.behave({ code: 3 });
    await expect(pulumi(target, ["stack", "export"])).rejects.toThrow(
      new Error("stack production — Pulumi ended with 3 and gave no reason"),
    );
    expect(reasonOf({ exitCode: 1, stderr: "something else\n" })).toBe("something else");
  });

  it("that meets a lock says who holds it, and what to do", async () => {
    fake.behave({ code: 255, stderr: `error: ${LOCK}\n` });
    await expect(pulumi(target, ["stack", "import"])).rejects.toThrow(
      new Error(
        "stack production — is being updated by ci@runner-2 (process 4711) since 2026-11-24T13:05:00Z; wait until that has " +
          "ended. If it was killed, and only then: npm run recover -- production",
      ),
    );
  });

  it("hides the secrets of its own environment too", async () => {
    fake.behave({ code: 1, stderr: "the password is of-another-server" });
    const env = { PGPASSWORD: "of-another-server" };
    expect((await runPulumi(["preview"], { env })).stderr).toBe("the password is [redacted]");
  });

  it("drops pending operations, and writes nothing when there are none", async () => {
    fake.behave({ stdout: JSON.stringify({ version: 3, deployment: { resources: [] } }) });
    expect(await dropPendingOperations(target)).toEqual([]);
    expect(fake.calls).toHaveLength(1);
    const pending = [{ type: "creating", resource: { urn: "urn:pulumi:production::x::command:remote:Command::gate" } }];
    fake.behave({ stdout: JSON.stringify({ version: 3, deployment: { resources: [], pending_operations: pending } }) });
    expect(await dropPendingOperations(target)).toEqual(["creating gate"]);
    expect(JSON.parse(fake.input)).toEqual({ version: 3, deployment: { resources: [] } });
  });
});

describe("an update", () => {
  const urn = "urn:pulumi:production::gitops-platform::command:remote:Command::production-cp-1-join";
  const metadata = { op: "create", urn, type: "command:remote:Command" };

  it("goes on after a step that failed, runs on the plain SDK, and reports without a secret", async () => {
    fake.behave({
      code: 1,
      events: [
        { timestamp: 1, resourcePreEvent: { metadata } },
        { timestamp: 2, diagnosticEvent: { urn, severity: "error", message: `<{%reset%}>${TELLTALE}<{%reset%}>` } },
        { timestamp: 3, resOpFailedEvent: { metadata } },
      ],
    });
    const lines: string[] = [];
    const result = await update("up", target, ["--refresh"], (line) => lines.push(line));
    rmSync(result.log);
    rmSync(result.log.replace(/\.log$/, ".events.json"));
    expect(result).toMatchObject({ exitCode: 1, changed: false, errors: [`production-cp-1-join: ${SAFE}`] });
    expect(lines.map((line) => line.replace(/[\d.]+ s/, "N s"))).toEqual(["failed   production-cp-1-join (N s)"]);
    expect(fake.calls[0]).toMatch(
      /^up --stack production --yes --skip-preview --continue-on-error --suppress-outputs --refresh --non-interactive --color never --event-log \S+$/,
    );
  });

  it("that fails outside any resource gives the end of its log, redacted", async () => {
    fake.behave({ code: 255, stderr: `error: ${TELLTALE}\n` });
    const { errors, log } = await update("up", target, [], () => undefined);
    rmSync(log);
    expect(errors).toEqual([`error: ${SAFE}`]);
  });
});
