import { afterAll, beforeAll, expect, test } from "vitest";
import { runOnNode } from "../../../scripts/stack/drift/node-command";
import { makeKey, TestSshServer } from "@gitops-platform/ssh/test/ssh-server";

/* Does not prove that the probe works on a node: test/scripts/remote/probe-node.bats and the drill `drift` do. */
const hostKey = makeKey();
const login = makeKey();
const connection = { host: "127.0.0.1", port: 0, user: "root", privateKey: login.private, hostKey: hostKey.public };
const ask = { command: "probe", stdin: "the script", seconds: 5 };
let server: TestSshServer;

beforeAll(async () => {
  server = await new TestSshServer(hostKey, { publicKey: login }, (session) => {
    const { command, stdin, print, exit } = session;
    if (command === "fail") print("stderr", "bash: a note\n[drift] cp-1: no such verb\n");
    else if (command === "hang up") {
      session.hangUp();
      return;
    } else print("stdout", `${command} got ${stdin}`);
    exit(command === "fail" ? 1 : command === "slow" ? 124 : 0);
  }).start();
});
afterAll(() => server.stop());

const run = (changed: Partial<typeof connection>, command = "probe"): Promise<string> =>
  runOnNode({ ...connection, port: server.port, ...changed }, { ...ask, command });

test("one login, the script on stdin, what it printed", async () => {
  const before = server.logins;
  expect(await run({})).toBe("probe got the script");
  expect(server.logins).toBe(before + 1);
});

test("another host key is refused before the login", async () => {
  const before = server.logins;
  await expect(run({ hostKey: makeKey().public })).rejects.toThrow(
    /host key mismatch: 127\.0\.0\.1:\d+ offered ssh-ed25519/,
  );
  await expect(run({ hostKey: "" })).rejects.toThrow(/^the state has no host key for 127\.0\.0\.1:\d+, and an unver/);
  expect(server.logins).toBe(before);
});

test("what goes wrong is a sentence", async () => {
  await expect(run({}, "fail")).rejects.toThrow(/^\[drift\] cp-1: no such verb$/);
  await expect(run({}, "slow")).rejects.toThrow("its command took too long, and was ended");
  await expect(run({}, "hang up")).rejects.toThrow("its command ended with no exit code");
  await expect(run({ port: 1 })).rejects.toThrow("dial tcp 127.0.0.1:1: connect: connection refused");
});
