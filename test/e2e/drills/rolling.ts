import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Document } from "yaml";
import { root } from "../../../scripts/lib/paths";
import type { Drill } from "../drill";
import { killedStart } from "../killed-start";
import { must, mustStart, on } from "../platform";
import { addNode, cordonedNodes, deployWeb } from "../rolling-cluster";
import { type RollingFacts, RollingWatch } from "../rolling-watch";
import { StackFile } from "../stack-file";

const CONTROL_PLANES = ["cp-1", "cp-2", "cp-3"];
const NODES = [...CONTROL_PLANES, "worker-1", "worker-2"];
const MEMORY_MIB = { before: 4096, after: 5120 };

/** Where the configuration of containerd comes from: another version of this program changes it. */
const SCRIPT = join(root, "scripts", "remote", "lib", "containerd.sh");
const SETTING = { before: "max_concurrent_downloads = 8", after: "max_concurrent_downloads = 7" };

/** Offers a node an update, out of a package archive on its own disk. */
const OFFER = `set -eu; mkdir -p /opt/drill; cd /opt/drill
for version in 1 2; do
  mkdir -p tree/DEBIAN
  printf 'Package: drill-package\\nVersion: %s\\nArchitecture: all\\nMaintainer: drill <drill@localhost>\\nDescription: drill\\n' \
    $version >tree/DEBIAN/control
  dpkg-deb --build tree drill_$version.deb
done
dpkg --install drill_1.deb
{ cat tree/DEBIAN/control
  printf 'Filename: ./drill_2.deb\\nSize: %s\\nSHA256: %s\\n' $(stat --format=%s drill_2.deb) $(sha256sum drill_2.deb | cut -d' ' -f1)
} >Packages
rm -rf /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/opt/drill ./' >/etc/apt/sources.list`;

export const rolling: Drill = {
  name: "rolling",
  promise:
    "other memory of three control planes and another configuration of containerd, together and killed in between, and then a " +
    "reboot and an update of a package on every node, never take two nodes away at once",
  needs: "nothing",
  minutes: 13,
  inTest: false,
  run: async (see) => {
    const script = readFileSync(SCRIPT, "utf8");
    assert.ok(script.includes(SETTING.before), `${SCRIPT} has no "${SETTING.before}" any more`);
    try {
      return await StackFile.edited(async (file) => {
        file.edit((document) => shape(document, MEMORY_MIB.before));
        see((await mustStart()).output);
        await deployWeb(1);
        const updated = await update(file, script, see);
        const rebooted = await reboot(see);
        return `${updated.samples + rebooted.samples} samples, fewest etcd voters ${Math.min(updated.fewestVoters, rebooted.fewestVoters)}`;
      });
    } finally {
      writeFileSync(SCRIPT, script);
    }
  },
};

function shape(document: Document.Parsed, memoryMiB: number): void {
  addNode(document, "cp-2", "control-plane", "10.78.0.12", 1);
  addNode(document, "cp-3", "control-plane", "10.78.0.13", 2);
  CONTROL_PLANES.forEach((_name, index) =>
    document.setIn(["config", "gitops-platform:nodes", index, "memoryMiB"], memoryMiB),
  );
}

async function update(file: StackFile, script: string, see: (line: string) => void): Promise<RollingFacts> {
  writeFileSync(SCRIPT, script.replace(SETTING.before, SETTING.after));
  file.edit((document) => shape(document, MEMORY_MIB.after));
  const watch = await RollingWatch.begin(CONTROL_PLANES);
  // Between power off and power on of its machine.
  await killedStart({ name: "local-cp-2-restart", op: "update", delayMs: 1500 });
  const first = await bootOf("cp-1");
  see(`killed while the machine of cp-2 restarts; cordoned then: ${(await cordonedNodes()).join(", ")}`);
  see((await mustStart()).output);
  const facts = await watch.end();
  judge(facts, see);
  assert.equal(await bootOf("cp-1"), first, "cp-1 was restarted twice");
  for (const name of CONTROL_PLANES) assert.equal(await memoryOf(name), MEMORY_MIB.after * 2 ** 20, name);
  for (const name of NODES)
    assert.match((await on(name, "cat /etc/containerd/config.toml")).output, new RegExp(SETTING.after), name);
  const again = await mustStart();
  assert.match(again.output, /The local platform is up already/);
  return facts;
}

async function reboot(see: (line: string) => void): Promise<RollingFacts> {
  for (const node of NODES) await mustOn(node, OFFER);
  const boots = await Promise.all(NODES.map(bootOf));
  const watch = await RollingWatch.begin(CONTROL_PLANES);
  const printed = await must("npm", ["run", "--silent", "maintain", "--", "local", "--packages", "--reboot"]);
  see(printed);
  const facts = await watch.end();
  judge(facts, see);
  for (const [index, name] of NODES.entries()) {
    assert.notEqual(await bootOf(name), boots[index], `${name} did not reboot`);
    assert.match(printed, new RegExp(`^${name}: drained, 1 packages updated: drill-package$`, "m"));
    assert.equal(await mustOn(name, "dpkg-query --show --showformat='${Version}' drill-package"), "2");
  }
  return facts;
}

function judge(facts: RollingFacts, see: (line: string) => void): void {
  const { fewestReady, fewestVoters, mostAway, order, samples } = facts;
  see(
    `${samples} samples: away at once ${mostAway.join(", ")}; order ${order.join(", ")}; fewest ready pods ${fewestReady}, ` +
      `etcd voters ${fewestVoters}`,
  );
  assert.equal(mostAway.length, 1, "two nodes were away at once");
  assert.deepEqual(order, NODES);
  assert.ok(fewestReady >= 1, "the budget was not kept");
  assert.ok(fewestVoters >= 2, "etcd lost its majority");
}

async function mustOn(node: string, script: string): Promise<string> {
  const { exitCode, output } = await on(node, script);
  assert.equal(exitCode, 0, `${node}: ${script}\n${output}`);
  return output;
}

/** Changes with each boot of a machine. */
async function bootOf(name: string): Promise<string> {
  const { output } = await on(name, "systemctl show --property=UserspaceTimestampMonotonic --value");
  assert.match(output, /^\d+$/m);
  return output.trim();
}

async function memoryOf(name: string): Promise<number> {
  const { output } = await on(
    name,
    "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null",
  );
  return Number(output.split("\n")[0]);
}
