import type { Drill } from "../drill";
import { killedStart } from "../killed-start";
import { mustStart } from "../platform";

const INTERRUPTIONS = [
  { during: "machine creation", name: "cp-1-container", delayMs: 300 },
  { during: "kubeadm init", name: "local-cp-1-join", delayMs: 4000 },
  { during: "a join", name: "local-worker-1-join", delayMs: 1000 },
  { during: "Argo CD's installation", name: "argocd-parts-deployment-argocd-repo-server", delayMs: 500 },
] as const;

export const interruptedUp: Drill = {
  name: "interrupted-up",
  promise: "the next npm start finishes a pulumi up whose CLI was killed, wherever it was",
  needs: "nothing",
  minutes: 4,
  inTest: true,
  run: async (see) => {
    for (const { during, name, delayMs } of INTERRUPTIONS) {
      await killedStart({ name, delayMs });
      see(`killed during ${during}`);
    }
    const finished = await mustStart();
    see(finished.output);
    return `killed ${INTERRUPTIONS.length} times, then finished in ${finished.seconds.toFixed(1)} s`;
  },
};
