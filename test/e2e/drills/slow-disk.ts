import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../../../scripts/lib/paths";
import { readState } from "../../../scripts/local/platform/stack";
import type { Drill } from "../drill";
import { StackFile } from "../stack-file";
import { configuredMachines, must, mustStart, on, run, start, type Ran } from "../platform";

const THROTTLE = join(root, "components/machines/local/throttle-disk.sh");
/** Enough to boot, too few for etcd: the p99 is about 75 ms. */
const WRITES_PER_SECOND = "1000";

export const slowDisk: Drill = {
  name: "slow-disk",
  promise: "a disk that can't fsync in 10 ms stops the stack before Kubernetes, and the stack continues on a fast disk",
  needs: "nothing",
  minutes: 3,
  inTest: true,
  run: async (see) => {
    // As in real environments: nothing excuses a slow disk.
    const refused = await StackFile.edited(async (file) => {
      file.edit((document) => document.deleteIn(["config", "gitops-platform:diskGate", "override"]));
      const attempt = start();
      return Promise.race([attempt, throttleUntil(attempt)]);
    });
    assert.notEqual(refused.exitCode, 0, "npm start succeeded on a slow disk");
    const sentence =
      /\[disk-gate\] cp-1: fdatasync p99 is [\d.]+ ms on .*, the limit is 10 ms\. Nothing of Kubernetes was installed\..*/;
    const found = sentence.exec(refused.output)?.[0];
    assert.ok(found, `the sentence is missing:\n${refused.output}`);
    see(found);
    for (const { name } of configuredMachines().filter(({ role }) => role !== "hub")) {
      const { output } = await on(
        name,
        "ls -d /etc/kubernetes /usr/local/bin/kubeadm /usr/local/bin/kubelet 2>/dev/null; true",
      );
      assert.equal(output.trim(), "", `${name} has something of Kubernetes`);
    }
    assert.ok(
      !readState().resources.some(({ urn }) => urn.endsWith("::disk-gate-cp-1")),
      "the failed measurement was stored",
    );
    see("no machine has kubeadm, a kubelet or /etc/kubernetes");

    await must("bash", [THROTTLE, "cp-1", "off"]);
    const finished = await mustStart();
    see(finished.output);
    return `refused after ${refused.seconds.toFixed(1)} s, finished in ${finished.seconds.toFixed(1)} s once the disk was fast`;
  },
};

/**
 * Throttles the disk until the start ends. One `pulumi up` makes the machine and measures it, so the disk has to become slow
 * in between. A limit is per cgroup, and every service of the machine starts with a new one, so it is set repeatedly.
 */
async function throttleUntil(ended: Promise<Ran>): Promise<Ran> {
  const done = new AbortController();
  void ended.finally(() => done.abort());
  while (!done.signal.aborted) {
    await run("bash", [THROTTLE, "cp-1", WRITES_PER_SECOND]);
    await sleep(200);
  }
  return ended;
}
