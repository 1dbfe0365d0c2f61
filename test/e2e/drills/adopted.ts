import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GateResult } from "../../../components/disk-gate/measurement";
import { AdoptedStack, adoptedDirectory } from "../adopted/adopted-stack";
import { LACKING, packageSource } from "../adopted/package-source";
import { differences, inspect, onServer, orderServer, returnServer, type Server } from "../adopted/server";
import type { Drill } from "../drill";
import { eventually, kubectlBinary, must, type Ran } from "../platform";

interface Outputs {
  readonly kubeconfig: string;
  readonly diskGate: Readonly<Record<string, GateResult>>;
}

export const adopted: Drill = {
  name: "adopted",
  promise:
    "an unfit ordered server is refused with every reason; fit ones become a cluster, are given back as they were, and are adopted again",
  needs: "platform",
  minutes: 7,
  inTest: false,
  run: async (see) => {
    const packages = mkdtempSync(join(tmpdir(), "gitops-platform-packages-"));
    const servers: Server[] = [];
    rmSync(adoptedDirectory, { recursive: true, force: true });
    try {
      await packageSource(packages);
      servers.push(await orderServer("vps-1", "10.78.0.31", packages));
      servers.push(await orderServer("vps-2", "10.78.0.32", packages));
      for (const server of servers) await makePlain(server);
      const before = await Promise.all(servers.map(inspect));
      const stack = await AdoptedStack.create(adoptedDirectory);
      await refusal(stack, servers, see);

      await stack.configure(servers);
      const first = await succeeds("up", stack.up());
      await isWhole(stack, servers, see);
      const during = await inspect(server(servers, 0));
      assert.ok(differences(before[0] ?? {}, during).length > 50, "nothing seems to be installed: the check is blind");
      const destroyed = await succeeds("destroy", stack.destroy());
      for (const [index, each] of servers.entries())
        assert.deepEqual(
          differences(before[index] ?? {}, await inspect(each)),
          [],
          `${each.name} is not as it was found`,
        );
      see(`both servers are as they were found: ${Object.keys(during).join(", ")}`);
      const again = await succeeds("the second up", stack.up());
      await isWhole(stack, servers, see);
      return [first, destroyed, again].map(({ seconds }) => `${seconds.toFixed(1)} s`).join(" up, ") + " up again";
    } finally {
      for (const each of servers) await returnServer(each);
      for (const directory of [packages, adoptedDirectory]) rmSync(directory, { recursive: true, force: true });
    }
  },
};

function server(servers: readonly Server[], index: number): Server {
  const found = servers[index];
  if (!found) throw new Error(`no server ${index}`);
  return found;
}

/** Makes a server like a provider's image: without the packages of a node, and with a source for them. */
async function makePlain(each: Server): Promise<void> {
  await onServer(
    each,
    `dpkg --purge ${LACKING.join(" ")} && echo 'deb [trusted=yes] file:/srv/packages ./' >/etc/apt/sources.list && mkdir -p /etc/kubernetes && rmdir /etc/kubernetes`,
  );
}

/** Refuses another Kubernetes, a taken port and a wrong host key in one update, and changes nothing. */
async function refusal(stack: AdoptedStack, servers: readonly Server[], see: (line: string) => void): Promise<void> {
  const [first, second] = [server(servers, 0), server(servers, 1)];
  await onServer(
    first,
    "mkdir -p /etc/kubernetes && echo kept >/etc/kubernetes/admin.conf && systemd-run --quiet --unit=taken systemd-socket-activate --listen=6443 sleep 600",
  );
  await stack.configure([first, { ...second, hostKey: first.hostKey }]);
  const { exitCode, output } = await stack.up();
  assert.notEqual(exitCode, 0, "an unfit server was taken");
  const sentence = /\[adoption\] vps-1: can't be adopted, and nothing was changed: .*/.exec(output)?.[0] ?? "";
  assert.match(sentence, /port 6443\/tcp is taken by systemd-socket-\w*; stop it/, output);
  assert.match(sentence, /another Kubernetes is on it: \/etc\/kubernetes; take it away/);
  assert.match(output, /adoption-vps-2[\s\S]*host key mismatch/i);
  see(sentence);
  see(/.*host key mismatch.*/i.exec(output)?.[0].trim() ?? "");
  assert.equal((await onServer(first, "cat /etc/kubernetes/admin.conf")).trim(), "kept");
  for (const each of servers)
    assert.equal(
      (await onServer(each, "ls -d /etc/gitops-platform /var/lib/gitops-platform 2>/dev/null || true")).trim(),
      "",
    );
  await onServer(first, "systemctl stop taken; rm -r /etc/kubernetes");
}

async function succeeds(what: string, attempt: Promise<Ran>): Promise<Ran> {
  const ran = await attempt;
  assert.equal(ran.exitCode, 0, `${what} ended with ${ran.exitCode}:\n${ran.output}`);
  return ran;
}

/** Every server is a Ready node, and its disk was measured alone and beside its neighbour. */
async function isWhole(stack: AdoptedStack, servers: readonly Server[], see: (line: string) => void): Promise<void> {
  const { kubeconfig, diskGate } = await stack.outputs<Outputs>();
  const file = join(adoptedDirectory, "kubeconfig");
  writeFileSync(file, kubeconfig, { mode: 0o600 });
  await eventually("every server is a Ready node", 60, async () => {
    const nodes = await must(kubectlBinary, ["--kubeconfig", file, "get", "nodes", "--no-headers"]);
    const ready = nodes.split("\n").filter((line) => / Ready /.test(line));
    assert.deepEqual(
      ready.map((line) => line.split(" ")[0]),
      servers.map(({ name }) => name),
    );
  });
  const { together, p99Ms } = diskGate["vps-1"] ?? {};
  assert.deepEqual(together?.with, ["vps-2"]);
  see(`every server is a Ready node; fdatasync p99 was ${p99Ms} ms alone, ${together.p99Ms} ms beside vps-2`);
}
