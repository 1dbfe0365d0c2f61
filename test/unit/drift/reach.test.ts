import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOnNode } from "../../../scripts/stack/drift/node-command";
import { reach } from "../../../scripts/stack/drift/reach";
import { makeKey, TestSshServer } from "@gitops-platform/ssh/test/ssh-server";

/* Machines behind a bastion: every hypervisor and guest of a site whose hosts have no address of their own outside. */
const [nodeKey, bastionKey, login] = [makeKey(), makeKey(), makeKey()];
let node: TestSshServer;
let bastion: TestSshServer;
/** Takes connections and says nothing, like a machine whose kernel lives on alone. */
let silent: Server;
let silentPort: number;

beforeAll(async () => {
  node = await new TestSshServer(nodeKey, { publicKey: login }, ({ stdin, print, exit }) => {
    print("stdout", `got ${stdin}`);
    exit(0);
  }).start();
  bastion = await new TestSshServer(bastionKey, { publicKey: login }, ({ exit }) => exit(1)).start();
  silent = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  silentPort = (silent.address() as { port: number }).port;
});
afterAll(() => {
  node.stop();
  bastion.stop();
  silent.close();
});

const endpoint = (port: number, hostKey: string) => ({
  ...{ host: "127.0.0.1", port, user: "root", privateKey: login.private, hostKey },
});
const behind = (port = node.port, key = nodeKey.public) => ({
  ...endpoint(port, key),
  proxy: endpoint(bastion.port, bastionKey.public),
});
const ask = { command: "probe", stdin: "the script", seconds: 5 };
const nothing = (): Promise<void> => Promise.resolve();

test("machines behind one bastion share one login to it, which ends with the last of them", async () => {
  const [before, through] = [node.logins, bastion.logins];
  const answers = await Promise.all([runOnNode(behind(), ask), runOnNode(behind(), ask), runOnNode(behind(), ask)]);
  expect(answers).toEqual(["got the script", "got the script", "got the script"]);
  expect([node.logins - before, bastion.logins - through]).toEqual([3, 1]);
  expect(await runOnNode(behind(), ask)).toBe("got the script");
  expect(bastion.logins - through).toBe(2);
});

test("the host keys of both are checked", async () => {
  const before = node.logins;
  await expect(reach(behind(node.port, makeKey().public), nothing)).rejects.toThrow(
    new RegExp(`^ssh: handshake failed: ssh: host key mismatch: 127\\.0\\.0\\.1:${node.port} offered`),
  );
  const wrong = { ...behind(), proxy: endpoint(bastion.port, makeKey().public) };
  await expect(reach(wrong, nothing)).rejects.toThrow(/^its bastion: ssh: handshake failed: ssh: host key mismatch: /);
  const none = { ...behind(), proxy: endpoint(bastion.port, "") };
  await expect(reach(none, nothing)).rejects.toThrow(/^the state has no host key for 127\.0\.0\.1:\d+, and an unver/);
  expect(node.logins).toBe(before);
});

test("a dead machine, or a dead bastion, is told in its time", async () => {
  const began = performance.now();
  await expect(reach(behind(silentPort), nothing, 0.5)).rejects.toThrow(/: i\/o timeout$/);
  const dead = { ...behind(), proxy: endpoint(silentPort, bastionKey.public) };
  await expect(reach(dead, nothing, 0.5)).rejects.toThrow(`its bastion: dial tcp 127.0.0.1:${silentPort}: i/o timeout`);
  expect(performance.now() - began).toBeLessThan(5000);
  const away = { ...behind(), proxy: endpoint(1, bastionKey.public) };
  await expect(reach(away, nothing)).rejects.toThrow("its bastion: dial tcp 127.0.0.1:1: connect: connection refused");
});

test("a bastion that waits for its kernel is not waited for", async () => {
  // The test's bastion never answers for a port that refuses: as a real one does for two minutes.
  await expect(reach(behind(1), nothing, 0.5)).rejects.toThrow("dial tcp 127.0.0.1:1 through 127.0.0.1: i/o timeout");
});
