import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { paths, root } from "../../../scripts/lib/paths";
import { localTarget, pulumi as stackCommand } from "../../../scripts/lib/pulumi";
import type { Drill } from "../drill";
import { kubectl, kubectlBinary, must, mustStart, on, pulumi, run } from "../platform";
import { addControlPlanes } from "../rolling-cluster";
import { RollingWatch } from "../rolling-watch";
import { StackFile } from "../stack-file";

const CONTROL_PLANES = ["cp-1", "cp-2", "cp-3"];
const LEAVES = 10;
const GAP_LIMIT_SECONDS = 10;
const DAY_MS = 24 * 60 * 60 * 1000;
const HOSTS = "/etc/hosts";
const ENDPOINT_NAME = "api.drill.test";
const ENDPOINT = `https://${ENDPOINT_NAME}:6443`;
const AGE = readFileSync(join(root, "test", "fixtures", "age-certificates.sh"), "utf8");

/** Paths and days left of every leaf on disk, and of what etcd and the API server serve. */
const LOOK = `cd /etc/kubernetes; days() { date --date="$(openssl x509 -noout -enddate | sed s/.*=//)" +%s; }
for file in pki/*.crt pki/etcd/*.crt; do case $file in *ca.crt) ;; *) echo "$file $(days <$file)" ;; esac; done
for file in admin controller-manager scheduler; do
  echo "$file.conf $(sed -n 's/^ *client-certificate-data: *//p' $file.conf | base64 -d | days)"
done
peer=$(sed -n 's|.*--listen-peer-urls=https://||p' manifests/etcd.yaml)
for address in 127.0.0.1:2379 $peer 127.0.0.1:6443; do
  echo "$address $(openssl s_client -connect $address -cert pki/etcd/peer.crt -key pki/etcd/peer.key </dev/null 2>/dev/null | days)"
done`;

export const certificates: Drill = {
  name: "certificates",
  promise:
    "an update renews certificates with 5 days left on three control planes, one at a time, and expired ones, API and " +
    "administrator's included; another endpoint gets a certificate of its own, and nothing restarts",
  needs: "nothing",
  minutes: 10,
  inTest: false,
  run: async (see) => {
    return StackFile.edited(async (file) => {
      file.edit(addControlPlanes);
      see((await mustStart()).output);
      const authorities = await sumsOfAuthorities();

      await age(5);
      await looksUnchanged("an update whose certificates have a year left");
      await lastUpdateSaw(5);
      const drift = await run("npm", ["run", "--silent", "drift", "--", "local"]);
      assert.equal(drift.exitCode, 7, drift.output);
      assert.match(drift.output, /certificate \/etc\/kubernetes\/pki\/apiserver\.crt[\s\S]*?4 days left/);
      const preview = await pulumi("preview");
      assert.equal(preview.exitCode, 0, preview.output);
      assert.match(preview.output, /local-cp-3-activation/);
      assert.doesNotMatch(preview.output, /replace|kubernetes:(apps|core)/);
      const watch = await RollingWatch.begin(CONTROL_PLANES, "worker-1");
      see((await mustStart()).output);
      const facts = await watch.end();
      see(`longest gap of the API ${facts.longestGapSeconds.toFixed(1)} s, fewest etcd voters ${facts.fewestVoters}`);
      assert.deepEqual(facts.mostAway, [], "a renewal drains no node");
      assert.ok(facts.fewestVoters >= 2);
      assert.ok(facts.longestGapSeconds < GAP_LIMIT_SECONDS);
      const least = await assertRenewed(authorities);
      see(`every certificate has ${least} days or more; the preview after it is unchanged`);

      await age(-1);
      for (const node of CONTROL_PLANES)
        await mustOn(node, "crictl stop $(crictl ps --quiet --name '^(etcd|kube-.*)$')");
      const refused = await run(kubectlBinary, [
        "--kubeconfig",
        paths.kubeconfig,
        "--request-timeout=10s",
        "get",
        "nodes",
      ]);
      assert.notEqual(refused.exitCode, 0, "an expired cluster still answers: the drill is blind");
      see(`expired: ${refused.output.trim().split("\n").at(-1) ?? ""}`);
      await lastUpdateSaw(-1);
      const repaired = await mustStart();
      see(repaired.output);
      await assertRenewed(authorities);
      await kubectl("get", "nodes");

      const moved = await withHostName(ENDPOINT_NAME, "10.78.0.12", async () => {
        file.edit((document) => document.setIn(["config", "gitops-platform:cluster", "endpoint"], ENDPOINT));
        const plan = await pulumi("preview");
        assert.equal(plan.exitCode, 0, plan.output);
        assert.doesNotMatch(plan.output, /replace|kubernetes:(apps|core)/);
        const turning = await RollingWatch.begin(CONTROL_PLANES, "worker-1");
        see((await mustStart()).output);
        const seen = await turning.end();
        assert.deepEqual(seen.mostAway, [], "another endpoint drains no node");
        await assertServed();
        await looksUnchanged("a preview after the endpoint's update");
        return seen;
      });
      see(`${ENDPOINT_NAME}: longest gap of the API ${moved.longestGapSeconds.toFixed(1)} s`);
      assert.ok(moved.longestGapSeconds < GAP_LIMIT_SECONDS);
      return (
        `renewed with ${facts.longestGapSeconds.toFixed(1)} s without the API at most; expired ones repaired in ` +
        `${repaired.seconds.toFixed(0)} s`
      );
    });
  },
};

/** Runs with a line in this computer's hosts file, which is as before afterwards. */
async function withHostName<T>(name: string, address: string, run: () => Promise<T>): Promise<T> {
  const before = readFileSync(HOSTS, "utf8");
  writeFileSync(HOSTS, `${before.trimEnd()}\n${address} ${name}\n`);
  try {
    return await run();
  } finally {
    writeFileSync(HOSTS, before);
  }
}

/** The operator's kubeconfig has the name, and each control plane a certificate for it, also the one that kubeadm would make. */
async function assertServed(): Promise<void> {
  const config = parse(readFileSync(paths.kubeconfig, "utf8")) as { clusters: { cluster: { server: string } }[] };
  assert.equal(config.clusters[0]?.cluster.server, ENDPOINT);
  await kubectl("get", "nodes");
  for (const node of CONTROL_PLANES) {
    const look = `curl --silent --cacert /etc/kubernetes/pki/ca.crt --resolve ${ENDPOINT_NAME}:6443:$(hostname -I | cut -d' ' -f1) ${ENDPOINT}/readyz`;
    assert.equal(await mustOn(node, look), "ok", `${node} serves no certificate for ${ENDPOINT_NAME}`);
  }
  const remembered = await kubectl(
    "--namespace",
    "kube-system",
    "get",
    "configmap",
    "kubeadm-config",
    "--output",
    "yaml",
  );
  assert.match(remembered, new RegExp(`certSANs:[\\s\\S]*- "?${ENDPOINT_NAME}"?`));
}

async function mustOn(node: string, script: string): Promise<string> {
  const { exitCode, output } = await on(node, script);
  assert.equal(exitCode, 0, `${node}: ${script}\n${output}`);
  return output;
}

async function age(days: number): Promise<void> {
  for (const node of CONTROL_PLANES) await mustOn(node, `set -- /etc/kubernetes ${days}\n${AGE}`);
}

/** Lets the state tell what it would if the last update had been so long ago. */
async function lastUpdateSaw(days: number): Promise<void> {
  const state = JSON.parse(await stackCommand(localTarget(), ["stack", "export"])) as {
    deployment: { resources: { type: string; outputs?: { certificates?: { notAfter: string } } }[] };
  };
  const stack = state.deployment.resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs?.certificates;
  assert.ok(stack, "the stack has no output `certificates`");
  stack.notAfter = new Date(Date.now() + days * DAY_MS).toISOString().replace(/\.\d+Z/, "Z");
  await stackCommand(localTarget(), ["stack", "import"], { input: JSON.stringify(state) });
}

async function sumsOfAuthorities(): Promise<readonly string[]> {
  const sums = CONTROL_PLANES.map((node) =>
    mustOn(node, "cd /etc/kubernetes/pki; sha256sum ca.crt front-proxy-ca.crt etcd/ca.crt"),
  );
  return Promise.all(sums);
}

async function looksUnchanged(what: string): Promise<void> {
  const preview = await pulumi("preview", "--expect-no-changes");
  assert.equal(preview.exitCode, 0, `${what} would change something:\n${preview.output}`);
}

/** @returns the fewest days that a certificate has left */
async function assertRenewed(authorities: readonly string[]): Promise<number> {
  assert.deepEqual(await sumsOfAuthorities(), authorities, "a CA has changed");
  const looks = await Promise.all(CONTROL_PLANES.map((node) => mustOn(node, LOOK)));
  const ends = looks.flatMap((look) => look.trim().split("\n"));
  assert.equal(ends.length, CONTROL_PLANES.length * (LEAVES + 3), ends.join("\n"));
  const kubeconfig = parse(
    await must("npm", ["run", "--silent", "pulumi", "--", "stack", "output", "kubeconfig", "--show-secrets"]),
  ) as {
    users: [{ user: { "client-certificate-data": string } }];
  };
  const state = new X509Certificate(Buffer.from(kubeconfig.users[0].user["client-certificate-data"], "base64"));
  const lefts = [...ends, `state ${Date.parse(state.validTo) / 1000}`].map((line) => {
    const days = (Number(line.split(" ")[1]) * 1000 - Date.now()) / DAY_MS;
    assert.ok(days > 300, `${line}: ${days} days left`);
    return Math.floor(days);
  });
  await looksUnchanged("a preview after the renewal");
  return Math.min(...lefts);
}
