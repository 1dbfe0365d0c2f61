import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { root } from "../../../scripts/local/platform/paths";
import type { Drill } from "../drill";
import { mustStart } from "../platform";
import { waitForEvent } from "../update-events";

/** Where the CLI is killed: a resource whose creation has begun, and how long to let it go on. */
const INTERRUPTIONS = [
  { during: "machine creation", name: "cp-1-container", delayMs: 300 },
  { during: "kubeadm init", name: "local-cp-1-join", delayMs: 4000 },
  { during: "a join", name: "local-worker-1-join", delayMs: 1000 },
  { during: "Argo CD's installation", name: "argocd-parts-deployment-argocd-repo-server", delayMs: 500 },
] as const;

export const interruptedUp: Drill = {
  name: "interrupted-up",
  promise: "a pulumi up whose CLI is killed at any point is finished by the next npm start",
  needs: "nothing",
  run: async (see) => {
    for (const { during, name, delayMs } of INTERRUPTIONS) {
      const since = Date.now();
      const attempt = execa("npm", ["start", "--silent"], { cwd: root, reject: false, all: true });
      const { cliPid } = await waitForEvent({ since, op: "create", name, seconds: 180 });
      await sleep(delayMs);
      process.kill(cliPid, "SIGKILL");
      const killed = await attempt;
      assert.notEqual(killed.exitCode, 0, `npm start succeeded although its CLI was killed during ${during}`);
      see(`killed during ${during}`);
    }
    const finished = await mustStart();
    see(finished.output);
    return `killed ${INTERRUPTIONS.length} times, then finished in ${finished.seconds.toFixed(1)} s`;
  },
};
