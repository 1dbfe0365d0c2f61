import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import type { Drill } from "../drill";
import { hostState, leftovers } from "../host-state";
import { killedStart } from "../killed-start";
import { mustStart, run, stop } from "../platform";

export const cleanStop: Drill = {
  name: "clean-stop",
  promise:
    "npm stop leaves no process, mount, loop device, namespace, link, cgroup or kernel setting, also of a half-built platform",
  needs: "nothing",
  minutes: 3,
  inTest: true,
  run: async (see) => {
    return withSetting("/proc/sys/kernel/panic", PANIC_SECONDS, () => leavesNothing(see));
  },
};

/** Not what a kubelet writes. */
const PANIC_SECONDS = "11";

async function withSetting<T>(file: string, value: string, run: () => Promise<T>): Promise<T> {
  const found = readFileSync(file, "utf8");
  writeFileSync(file, value);
  try {
    return await run();
  } finally {
    writeFileSync(file, found);
  }
}

async function leavesNothing(see: (line: string) => void): Promise<string> {
  const before = await hostState();
  await mustStart();
  const running = leftovers(before, await hostState());
  for (const kind of ["processes", "mounts", "namespaces", "links", "cgroups", "settings"])
    assert.ok(
      running.some((line) => line.startsWith(`${kind}: `)),
      `a running platform shows no ${kind}: the check is blind`,
    );
  const whole = await stop();
  assert.equal(whole.exitCode, 0, whole.output);
  assert.deepEqual(leftovers(before, await hostState()), []);
  see(`a whole platform was gone in ${whole.seconds.toFixed(1)} s`);

  await killedStart({ name: "local-cp-1-join", delayMs: 1500 });
  assert.notDeepEqual(leftovers(before, await hostState()), [], "half a platform is there");
  const broken = await stop();
  assert.equal(broken.exitCode, 0, broken.output);
  assert.deepEqual(leftovers(before, await hostState()), []);
  see(`half a platform, killed during kubeadm init, was gone in ${broken.seconds.toFixed(1)} s`);

  const nothing = await run("npm", ["stop", "--silent"]);
  assert.equal(nothing.exitCode, 0, nothing.output);
  return `gone in ${whole.seconds.toFixed(1)} s`;
}
