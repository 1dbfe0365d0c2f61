import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Drill } from "../drill";
import { eventually, kubectl, on, pulumi, run } from "../platform";
import { configuredNodes } from "../../../scripts/local/platform/stack";
import { paths } from "../../../scripts/lib/paths";

interface Report {
  readonly findings: readonly { readonly where: string; readonly what: string; readonly found: string }[];
  readonly blind: readonly { readonly where: string; readonly reason: string }[];
}

/** Limit for a report while the first control plane doesn't answer. */
const BLIND_SECONDS = 90;
const SCHEDULER = "/etc/kubernetes/manifests/kube-scheduler.yaml";
const SETTING = "net.ipv4.ip_forward";

/** The manual changes: the node, the command, and the name in the report. */
const BY_HAND = [
  { node: "worker-1", script: `sysctl -qw ${SETTING}=0`, finding: `worker-1: sysctl ${SETTING}` },
  { node: "worker-2", script: "systemctl stop kubelet", finding: "worker-2: service kubelet" },
  { node: "cp-1", script: `echo '# edited' >>${SCHEDULER}`, finding: `cp-1: ${SCHEDULER}` },
  {
    node: "worker-2",
    script: "printf '#!/bin/sh\\necho crictl version v1.26.0\\n' >/usr/local/bin/crictl",
    finding: "worker-2: /usr/local/bin/crictl",
  },
] as const;
const DEPLOYMENT = ["sealed-secrets-controller", "-n", "kube-system"] as const;
const DELETED = "cluster: Deployment kube-system/sealed-secrets-controller";

export const drift: Drill = {
  name: "drift",
  promise:
    "manual changes on machines and in the cluster are reported by name, the report changes nothing, the repair reverts all",
  needs: "platform",
  minutes: 2,
  inTest: true,
  run: async (see) => {
    const clean = await look(0);
    see(`a platform that npm start made has no drift (${clean.seconds.toFixed(1)} s)`);

    for (const { node, script } of BY_HAND) await mustOn(node, script);
    await kubectl("delete", "deployment", ...DEPLOYMENT, "--wait=true");
    const before = await fingerprints();
    const drifted = await look(7);
    assert.deepEqual(await fingerprints(), before, "looking for drift changed the state or a machine");
    const names = drifted.report.findings.map(({ where, what }) => `${where}: ${what}`).sort();
    assert.deepEqual(names, [...BY_HAND.map(({ finding }) => finding), DELETED].sort());
    for (const { where, what, found } of drifted.report.findings) see(`${where}: ${what} — ${found}`);
    see(`${names.length} drifts by name, state and machines untouched (${drifted.seconds.toFixed(1)} s)`);

    const blind = await withoutLink("cp-1", () => look(1, 0));
    // Of the cluster neither its objects are known, nor its newest snapshot, which lies on cp-1.
    assert.deepEqual(blind.report.blind.map(({ where }) => where).sort(), ["cluster", "cluster", "cp-1"]);
    assert.ok(
      blind.report.findings.some(({ where }) => where === "worker-2"),
      "the other nodes were not looked at",
    );
    assert.ok(blind.seconds < BLIND_SECONDS, `took ${blind.seconds.toFixed(0)} s, need < ${BLIND_SECONDS} s`);
    see(`with cp-1 unreachable: exit 1, and the rest is reported (${blind.seconds.toFixed(1)} s)`);

    // The cures of docs/guides/drift.md: kubeadm for its own files, the steps for a node's, Pulumi for the cluster's.
    await mustOn(
      "cp-1",
      "config=$(mktemp) && kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system get configmap kubeadm-config " +
        "-o jsonpath='{.data.ClusterConfiguration}' >$config && " +
        "kubeadm init phase control-plane scheduler --config $config && rm $config",
    );
    await look(7, 1, "--repair");
    const restored = await pulumi("up", "--refresh", "--yes", "--skip-preview", "--suppress-outputs");
    assert.equal(restored.exitCode, 0, restored.output);
    const again = await eventually("no drift is left", 60, () => look(0));
    see(`repaired by kubeadm, --repair and pulumi up --refresh; no drift again`);
    return `${names.length} drifts found in ${drifted.seconds.toFixed(1)} s, none after the repair (${again.value.seconds.toFixed(1)} s)`;
  },
};

/** Runs `npm run drift -- local --json`. @throws for another exit code, or fewer findings */
async function look(exitCode: number, least = 0, ...flags: string[]): Promise<{ report: Report; seconds: number }> {
  const ran = await run("npm", ["run", "--silent", "drift", "--", "local", "--json", ...flags], { stderr: "inherit" });
  assert.equal(ran.exitCode, exitCode, ran.output);
  const report = JSON.parse(ran.output) as Report;
  assert.ok(report.findings.length >= least, ran.output);
  return { report, seconds: ran.seconds };
}

async function mustOn(node: string, script: string): Promise<string> {
  const { exitCode, output } = await on(node, script);
  assert.equal(exitCode, 0, `${node}: ${script}\n${output}`);
  return output;
}

/** Digests of what a report must not change: Pulumi's state, and the nodes' configuration and programs. */
async function fingerprints(): Promise<Record<string, string>> {
  const state = readFileSync(join(paths.state, ".pulumi", "stacks", "gitops-platform", "local.json"));
  const machines = configuredNodes().map(async ({ name }) => {
    const script =
      "find /etc /usr/local /opt /var/lib/gitops-platform /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env " +
      "-type f -printf '%p %m %T@ %C@ ' -exec sha256sum {} \\; | sort | sha256sum; " +
      `systemctl is-active kubelet containerd kube-apiserver-proxy | paste -sd' '; sysctl -n ${SETTING}`;
    return [name, (await on(name, script)).output] as const;
  });
  return {
    state: createHash("sha256").update(new Uint8Array(state)).digest("hex"),
    ...Object.fromEntries(await Promise.all(machines)),
  };
}

/** Calls `work` while a machine answers neither the API nor SSH. */
async function withoutLink<T>(node: string, work: () => Promise<T>): Promise<T> {
  const route = (await mustOn(node, "ip route show default")).trim();
  await mustOn(node, "ip link set eth0 down");
  try {
    return await work();
  } finally {
    await mustOn(node, `ip link set eth0 up && ip route replace ${route}`);
  }
}
