/**
 * Servers that take a connection and send nothing, and agents that are gone. Does not prove what the official plugin
 * does: this copies what its source says, and what was observed with 1.2.1.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { answerOf } from "../answer";
import { login } from "../client";
import { dial } from "../dial";
import type { SshEndpoint } from "../settings";
import { SilentServer } from "./silent-server";
import { makeKey, TestSshServer } from "./ssh-server";

const [hostKey, loginKey] = [makeKey(), makeKey()];
const nothing = (): void => undefined;
let server: TestSshServer;
let silent: SilentServer;

beforeAll(async () => {
  server = await new TestSshServer(hostKey, { publicKey: loginKey }, ({ exit }) => exit(0)).start();
  silent = await new SilentServer().start();
});
afterAll(() => {
  server.stop();
  silent.stop();
});
afterEach(() => void vi.unstubAllEnvs());

const endpoint = (port: number, more: Partial<SshEndpoint> = {}): SshEndpoint => ({
  ...{ host: "127.0.0.1", port, user: "root", privateKey: loginKey.private, hostKey: hostKey.public },
  ...{ dialErrorLimit: 0, perDialTimeout: 1, ...more },
});

describe("an answer", () => {
  const bastion = (): SshEndpoint => endpoint(server.port);

  it.each([
    ["directly", () => endpoint(server.port)],
    ["through a bastion", () => ({ ...endpoint(server.port), proxy: bastion() })],
  ])("comes from a server %s", async (_way, settings) => {
    expect(await answerOf(settings(), 5)).toEqual({ state: "answers" });
  });

  it.each([
    ["directly", () => endpoint(silent.port)],
    ["through a bastion", () => ({ ...endpoint(silent.port), proxy: bastion() })],
    ["which is the bastion", () => ({ ...endpoint(server.port), proxy: endpoint(silent.port) })],
  ])("does not come from a silent server %s", async (_way, settings) => {
    expect(await answerOf(settings(), 1)).toEqual({
      ...{ state: "silent", where: `127.0.0.1:${silent.port}`, reason: "no SSH banner within 1 s of connecting" },
    });
  });

  it.each([
    [
      "a port that nobody listens on",
      () => endpoint(1),
      "127.0.0.1:1",
      /^dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
    ],
    [
      "such a port behind a bastion",
      () => ({ ...endpoint(1), proxy: endpoint(server.port) }),
      "127.0.0.1:1",
      /connect to 127\.0\.0\.1:1 failed|no connection within 1 s/,
    ],
    [
      "a bastion that refuses the login",
      () => ({ ...endpoint(1), proxy: endpoint(server.port, { privateKey: makeKey().private }) }),
      "bastion",
      /unable to authenticate root@127/,
    ],
  ])("is away for %s", async (_what, settings, where, reason) => {
    const answer = await answerOf(settings(), 1);
    expect(answer).toMatchObject({
      state: "away",
      where: where === "bastion" ? `127.0.0.1:${server.port}` : where,
      reason: expect.stringMatching(reason) as string,
    });
  });
});

it("a login has its limit, and a dial like the official plugin's has none: it hangs until the server is gone", async () => {
  await expect(login(endpoint(silent.port))).rejects.toThrow(`dial tcp 127.0.0.1:${silent.port}: i/o timeout`);
  await vi.waitFor(() => expect(silent.connections).toBe(0));
  let ended = "";
  const hanging = dial(endpoint(silent.port), new AbortController().signal, nothing).then(
    () => (ended = "connected"),
    (error: unknown) => (ended = (error as Error).message),
  );
  await vi.waitFor(() => expect(silent.connections).toBe(1));
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(ended).toBe("");
  silent.stop();
  await hanging;
  expect(ended).toMatch(/^after 0 failed attempts: ssh: handshake failed/);
  silent = await new SilentServer().start();
});

it("a failed handshake through a bastion is not repeated, whatever the limit is", async () => {
  const settings = {
    ...endpoint(server.port, { dialErrorLimit: 5, hostKey: undefined, privateKey: undefined, password: "no" }),
  };
  const proxy = endpoint(server.port);
  const retries: string[] = [];
  await expect(
    dial({ ...settings, proxy }, new AbortController().signal, (line) => void retries.push(line)),
  ).rejects.toThrow(/^proxy: ssh: handshake failed: ssh: unable to authenticate/);
  expect(retries).toEqual([]);
});

describe("SSH_AUTH_SOCK", () => {
  const directory = mkdtempSync(join(tmpdir(), "gitops-platform-agent-"));
  const path = join(directory, "agent");
  let agent: Server | undefined;
  const connections: number[] = [];
  afterAll(() => {
    agent?.close();
    rmSync(directory, { recursive: true });
  });
  const dialled = async (more: Partial<SshEndpoint> = {}): Promise<string> => {
    try {
      const client = await dial(endpoint(server.port, more), new AbortController().signal, nothing);
      client.end();
      return "connected";
    } catch (error) {
      return (error as Error).message;
    }
  };

  it("of an agent that is gone fails every dial, a private key or not", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", path);
    expect(await dialled()).toBe(`dial unix ${path}: connect: no such file or directory`);
    vi.stubEnv("SSH_AUTH_SOCK", "");
    expect(await dialled()).toBe("connected");
  });

  it("never lends a key to a connection that has one, and a login of ours doesn't look at it", async () => {
    agent = createServer((socket) => {
      connections.push(1);
      socket.on("error", nothing).on("data", () => connections.push(2));
    });
    await new Promise<void>((resolve) => agent?.listen(path, resolve));
    vi.stubEnv("SSH_AUTH_SOCK", path);
    const wrong = { privateKey: makeKey().private };
    expect(await dialled(wrong)).toMatch(/unable to authenticate/);
    // Opened, as the official plugin does, and asked for nothing.
    expect(connections).toEqual([1]);
    await expect(login(endpoint(server.port, wrong))).rejects.toThrow(/unable to authenticate/);
    expect(connections).toEqual([1]);
  });
});
