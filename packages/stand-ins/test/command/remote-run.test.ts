import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Invocation } from "../../command/invocation";
import { runRemotely } from "../../command/remote-run";
import { fingerprint } from "@gitops-platform/ssh/host-key";
import type { SshSettings } from "@gitops-platform/ssh/settings";
import { makeKey, type Session, TestSshServer } from "@gitops-platform/ssh/test/ssh-server";

/* Real SSH, both ends in this process. What it doesn't prove: that OpenSSH's server behaves the same; test/e2e does. */

const hostKey = makeKey();
const login = makeKey();
let server: TestSshServer;
let bastion: TestSshServer;
let answer: (session: Session) => void;

beforeAll(async () => {
  server = await new TestSshServer(hostKey, { password: "pass", publicKey: login }, (session) =>
    answer(session),
  ).start();
  bastion = await new TestSshServer(hostKey, { password: "bastion" }, () => undefined).start();
});
afterAll(() => {
  server.stop();
  bastion.stop();
});
afterEach(() => void (answer = (session) => session.exit(0)));

const shown: string[] = [];
const settings = (more: Partial<SshSettings> = {}): SshSettings => ({
  host: "127.0.0.1",
  port: server.port,
  user: "root",
  privateKey: login.private,
  hostKey: hostKey.public,
  dialErrorLimit: 2,
  perDialTimeout: 5,
  ...more,
});
const run = (invocation: Partial<Invocation> = {}, more: Partial<SshSettings> = {}) =>
  runRemotely(
    {
      command: "do it",
      environment: {},
      show: (line) => shown.push(line),
      signal: new AbortController().signal,
      ...invocation,
    },
    settings(more),
  );

describe("a command", () => {
  it("gets stdin and gives back both outputs, each without one trailing newline", async () => {
    answer = ({ stdin, command, print, exit }) => {
      print("stdout", `${command}: ${stdin}\n\n`);
      print("stderr", "noted\n");
      exit(0);
    };
    expect(await run({ stdin: "lines\nof input" })).toEqual({ stdout: "do it: lines\nof input\n", stderr: "noted" });
  });

  it("gets the previous output in its environment", async () => {
    answer = ({ env, print, exit }) => {
      print("stdout", JSON.stringify(env));
      exit(0);
    };
    expect((await run({ environment: { PULUMI_COMMAND_STDOUT: "x" } })).stdout).toBe('{"PULUMI_COMMAND_STDOUT":"x"}');
  });

  it("may print several megabytes", async () => {
    answer = ({ print, exit }) => {
      print("stdout", "x".repeat(5_000_000));
      exit(0);
    };
    expect((await run({ logging: "none" })).stdout).toHaveLength(5_000_000);
  });

  it.each<[string, (session: Session) => void, string]>([
    ["a status", (session) => session.exit(3), 'Process exited with status 3: running "do it":\nout\n'],
    [
      "a signal",
      (session) => session.die("KILL"),
      'Process exited with status 137 from signal KILL: running "do it":\nout\n',
    ],
    [
      "a lost connection",
      (session) => session.hangUp(),
      'wait: remote command exited without exit status or exit signal: running "do it":\nout\n',
    ],
  ])("that ends with %s fails with the official plugin's words", async (_title, end, text) => {
    answer = (session) => {
      session.print("stdout", "out\n");
      setTimeout(() => end(session), 50);
    };
    await expect(run({ stdin: "TOPSECRET" })).rejects.toThrow(new Error(text));
  });

  it("that is interrupted runs to its end, as under the official plugin", async () => {
    const interrupt = new AbortController();
    answer = ({ print, exit }) => {
      interrupt.abort();
      print("stdout", "done");
      setTimeout(() => exit(0), 100);
    };
    expect((await run({ signal: interrupt.signal })).stdout).toBe("done");
  });
});

describe("the connection", () => {
  it("is used again by the next command, not by a parallel one", async () => {
    answer = (session) => void setTimeout(() => session.exit(0), 50);
    await run();
    const before = server.logins;
    await run();
    await expect(run().then(() => run())).resolves.toBeDefined();
    expect(server.logins).toBe(before);
    await Promise.all([run(), run()]);
    expect(server.logins).toBe(before + 1);
  });

  it("is used again after a command that failed", async () => {
    answer = (session) => session.exit(1);
    await expect(run()).rejects.toThrow("status 1");
    const before = server.logins;
    await expect(run()).rejects.toThrow("status 1");
    expect(server.logins).toBe(before);
  });

  it("is dialled anew when the kept one has died", async () => {
    await run();
    server.hangUpAll();
    await expect(run()).resolves.toEqual({ stdout: "", stderr: "" });
  });

  it("isn't shared with another user or key", async () => {
    await run();
    const before = server.logins;
    await run({}, { user: "other" });
    expect(server.logins).toBe(before + 1);
  });

  it("takes a password", async () => {
    await expect(run({}, { privateKey: undefined, password: "pass" })).resolves.toBeDefined();
  });

  it("goes through a proxy, and each end is verified", async () => {
    const { privateKey: _unused, ...proxy } = settings({ port: bastion.port, password: "bastion" });
    const before = bastion.logins;
    await expect(run({}, { proxy })).resolves.toBeDefined();
    expect(bastion.logins).toBe(before + 1);
    await expect(run({}, { user: "x", proxy: { ...proxy, hostKey: makeKey().public } })).rejects.toThrow(
      `proxy: ssh: handshake failed: ssh: host key mismatch: 127.0.0.1:${bastion.port}`,
    );
  });

  it("is refused at once when the host key is another, and the error names the host and both keys", async () => {
    const other = makeKey().public;
    const keyOf = (line: string): string => fingerprint(line.split(" ")[1] ?? "");
    const started = Date.now();
    await expect(run({}, { hostKey: other, dialErrorLimit: 60 })).rejects.toThrow(
      `ssh: handshake failed: ssh: host key mismatch: 127.0.0.1:${server.port} offered ${keyOf(hostKey.public)}, ` +
        `connection.hostKey is ${keyOf(other)}; check that this is the right machine before changing the key`,
    );
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  it.each<[string, Partial<SshSettings>, RegExp]>([
    ["nobody listens", { port: 1 }, /^after 2 failed attempts: dial tcp 127\.0\.0\.1:1: connect: connection refused$/],
    [
      "the login is refused",
      { privateKey: undefined, password: "TOPSECRET" },
      /^after 2 failed attempts: ssh: handshake failed: ssh: unable to authenticate root@127/,
    ],
    [
      "the host key isn't one",
      { hostKey: "ssh-ed25519 TOPSECRET" },
      /^failed to parse host key: connection\.hostKey is not/,
    ],
    ["the private key isn't one", { privateKey: "TOPSECRET" }, /^connection\.privateKey can't be used: /],
  ])("fails clearly when %s", async (_title, more, text) => {
    shown.length = 0;
    const error = await run({}, more).catch((reason: unknown) => reason as Error);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(text);
    expect(`${(error as Error).message}${shown.join()}`).not.toContain("TOPSECRET");
  });

  it("says that it tries again", async () => {
    shown.length = 0;
    await expect(run({}, { port: 1 })).rejects.toThrow("after 2 failed attempts");
    expect(shown).toEqual([
      "Dial 1/2 failed: retrying (dial tcp 127.0.0.1:1: connect: connection refused)",
      "Dial 2/2 failed: retrying (dial tcp 127.0.0.1:1: connect: connection refused)",
    ]);
  });

  it("stops dialling when the user interrupts", async () => {
    const interrupt = new AbortController();
    setTimeout(() => interrupt.abort(new Error("interrupted")), 200);
    await expect(run({ signal: interrupt.signal }, { port: 1, dialErrorLimit: -1 })).rejects.toThrow();
  });
});
