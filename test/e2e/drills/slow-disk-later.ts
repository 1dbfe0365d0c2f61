import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { paths, root } from "../../../scripts/lib/paths";
import type { HealthReport } from "../../../scripts/stack/health/report";
import type { Drill } from "../drill";
import { openHealthPage } from "../health-page";
import { eventually, kubectlBinary, must, mustStart, on, run } from "../platform";
import { addNode } from "../rolling-cluster";
import { StackFile } from "../stack-file";

const THROTTLE = join(root, "components/machines/local/throttle-disk.sh");
const CONTROL_PLANES = ["cp-1", "cp-2", "cp-3"];
const WRITER = "worker-1";
/** Wider than a computer that is busy needs, and far below what a throttled disk takes. */
const LIMIT_MS = 100;
/** etcd makes about as many: each one waits for its turn. */
const WRITES_PER_SECOND = "12";
const NOTICE_SECONDS = 180;
/** The recorder needs two minutes that are whole. */
const SETTLE_SECONDS = 300;
const CPU_LIMIT_PERCENT = 0.5;
const RUNS = 10;

/** A neighbour that writes about 5 MiB a second. */
const NOISE = `trap 'rm -f /var/tmp/noise' EXIT
while sleep 1; do dd if=/dev/zero of=/var/tmp/noise bs=1M count=5 oflag=direct conv=notrunc status=none; done`;

/** CPU seconds of so many runs, user and system, on a history that is thrown away. */
const COST = `unshare --mount --propagation private bash -c '
mount -t tmpfs tmpfs /var/lib/gitops-platform/health
TIMEFORMAT="%U %S"
time for i in $(seq ${RUNS}); do bash /var/lib/gitops-platform/record-health.sh apply; done'`;

export const slowDiskLater: Drill = {
  name: "slow-disk-later",
  promise:
    "a disk that becomes slow under a living etcd is named within 3 minutes, with the neighbour that writes, API or not",
  needs: "nothing",
  minutes: 14,
  inTest: false,
  run: async (see) => {
    return StackFile.edited(async (file) => {
      file.edit((document) => {
        addNode(document, "cp-2", "control-plane", "10.78.0.12", 1);
        addNode(document, "cp-3", "control-plane", "10.78.0.13", 2);
        // Without the override of the local platform, which accepts a slow disk.
        document.setIn(["config", "gitops-platform:diskGate"], { limitMs: LIMIT_MS });
      });
      see((await mustStart()).output);
      const settled = await eventually("health is 0 after the start", SETTLE_SECONDS, () => healthIs(0));
      see(`healthy after ${settled.seconds.toFixed(0)} s`);
      // A follower campaigns when the leader's disk is slow, and must not be named for it.
      const slow = await leader();
      const percent = await costOfRecorder(slow);
      see(`the recorder takes ${percent.toFixed(2)} % of a CPU`);
      assert.ok(percent < CPU_LIMIT_PERCENT, `the recorder takes ${percent} % of a CPU`);

      const stop = await disturb(slow);
      let noticed;
      try {
        noticed = await eventually("health names the slow disk", NOTICE_SECONDS, () => healthIs(7));
        assertNamed(noticed.value, slow, see);
        await withoutApi(see);
      } finally {
        await stop();
      }
      const healed = await eventually("health is 0 again", SETTLE_SECONDS, () => healthIs(0));
      const worst = healed.value.nodes.find(({ name }) => name === slow)?.worst;
      assert.ok(worst && worst.p99.above >= healed.value.limits.fsyncMs, "the history has lost the slow hour");
      see(`healthy again after ${healed.seconds.toFixed(0)} s, the worst hour kept: over ${worst.p99.above} ms`);
      await assertPage(see);
      return `named after ${noticed.seconds.toFixed(0)} s, the recorder takes ${percent.toFixed(2)} % of a CPU`;
    });
  },
};

async function health(...args: string[]): Promise<{ report: HealthReport; exitCode: number }> {
  const { exitCode, output } = await run("npm", ["run", "--silent", "health", "--", "local", "--json", ...args]);
  try {
    return { report: JSON.parse(output) as HealthReport, exitCode };
  } catch {
    throw new Error(`npm run health ended with ${exitCode}:\n${output}`);
  }
}

async function healthIs(expected: number): Promise<HealthReport> {
  const { exitCode, report } = await health();
  const { blind, findings } = report;
  if (exitCode !== expected) await sleep(5000);
  assert.equal(exitCode, expected, JSON.stringify({ findings, blind, now: report.nodes.map(({ now }) => now) }));
  return report;
}

/** The member of etcd that leads just now. */
async function leader(): Promise<string> {
  const asked = await Promise.all(
    CONTROL_PLANES.map(async (name) => {
      const { output } = await on(name, "curl --silent http://127.0.0.1:2381/metrics | grep '^etcd_server_is_leader'");
      return { name, leads: output.trim() === "etcd_server_is_leader 1" };
    }),
  );
  const [found, ...more] = asked.filter(({ leads }) => leads);
  assert.ok(found && more.length === 0, JSON.stringify(asked));
  return found.name;
}

async function costOfRecorder(node: string): Promise<number> {
  const { output } = await on(node, COST);
  const [, user, system] = /^([\d.]+) ([\d.]+)$/m.exec(output) ?? [];
  assert.ok(user !== undefined && system !== undefined, output);
  return ((Number(user) + Number(system)) / RUNS / 60) * 100;
}

/** Throttles one disk and lets a neighbour write. A limit is per cgroup, and a restarted etcd has a new one. @returns its end */
async function disturb(slow: string): Promise<() => Promise<void>> {
  const pid = (await must("bash", [join(root, "components/machines/local/machine.sh"), "pid", WRITER])).trim();
  const noise = spawn("nsenter", ["--target", pid, "--all", "bash", "-c", NOISE], { stdio: "ignore", detached: true });
  const done = new AbortController();
  const throttled = (async () => {
    while (!done.signal.aborted) {
      await run("bash", [THROTTLE, slow, WRITES_PER_SECOND]);
      await sleep(2000);
    }
  })();
  return async () => {
    done.abort();
    await throttled;
    if (noise.pid !== undefined) process.kill(-noise.pid);
    await must("bash", [THROTTLE, slow, "off"]);
  };
}

function assertNamed({ findings, limits, nodes }: HealthReport, node: string, see: (line: string) => void): void {
  for (const { where, what, found } of findings) see(`${where}: ${what}: ${found}`);
  see(
    nodes
      .map(({ leaderChangesLastHour, name }) => `${name}: ${leaderChangesLastHour ?? "?"} leader changes`)
      .join(", "),
  );
  assert.deepEqual([...new Set(findings.map(({ where }) => where))], [node]);
  const [slow] = findings;
  assert.match(slow?.what ?? "", /^etcd's fsync p99 on loop\d+ \(\/var\/lib\/etcd\)$/);
  const [, above] =
    /^(?:over )?([\d.]+)(?:–[\d.]+)? ms, \d{4}-\d\d-\d\d \d\d:\d\d–\d\d:\d\d UTC, [23] of [23] minutes;/.exec(
      slow?.found ?? "",
    ) ?? [];
  assert.ok(Number(above) >= limits.fsyncMs, slow?.found);
  assert.match(slow?.found ?? "", new RegExp(`meanwhile: ${WRITER} [1-9]`));
}

/** The API is away on all control planes: what reads over SSH still answers. */
async function withoutApi(see: (line: string) => void): Promise<void> {
  const manifest = "kube-apiserver.yaml";
  for (const node of CONTROL_PLANES) await on(node, `mv /etc/kubernetes/manifests/${manifest} /root/${manifest}`);
  try {
    await eventually("the API is away", 120, async () => {
      const asked = await run(kubectlBinary, [
        "--kubeconfig",
        paths.kubeconfig,
        "--request-timeout=5s",
        "get",
        "nodes",
      ]);
      assert.notEqual(asked.exitCode, 0, "the API still answers");
    });
    const { exitCode, report } = await health();
    assert.notEqual(report.nodes.length, 0, JSON.stringify(report));
    assert.deepEqual(report.nodes.map(({ name }) => name).slice(0, 3), CONTROL_PLANES);
    assert.ok(report.nodes.every(({ worst, role }) => role === "worker" || worst !== null));
    see(`without an API it reports ${report.nodes.length} nodes and ends with ${exitCode}`);
  } finally {
    for (const node of CONTROL_PLANES) await on(node, `mv /root/${manifest} /etc/kubernetes/manifests/${manifest}`);
  }
}

async function assertPage(see: (line: string) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "health-"));
  try {
    const file = join(directory, "health.html");
    const { exitCode } = await health("--html", file);
    assert.equal(exitCode, 0);
    const page = readFileSync(file, "utf8");
    assert.doesNotMatch(page, /\{\{|(?:src|href)=/, "the page loads something, or has a gap");
    for (const node of CONTROL_PLANES) assert.match(page, new RegExp(`"name":"${node}"`));
    const { drawn, errors, limits, nodes, screenshot } = await openHealthPage(file, see);
    assert.deepEqual(errors, []);
    for (const node of CONTROL_PLANES) assert.ok(nodes.some((heading) => heading.startsWith(`${node} (`)));
    assert.ok(drawn.length >= CONTROL_PLANES.length * 4 && drawn.every((pixels) => pixels > 500), drawn.join(" "));
    assert.equal(limits, CONTROL_PLANES.length, "plots with a line for the limit");
    see(
      `the page has ${(page.length / 1024).toFixed(0)} KiB, ${drawn.length} plots and no error in Chromium: ${screenshot}`,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
