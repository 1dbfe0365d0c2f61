import assert from "node:assert/strict";
import { join } from "node:path";
import { paths, root } from "../../../scripts/lib/paths";
import { readOutputs } from "../../../scripts/local/platform/stack";
import type { Drill } from "../drill";
import { configuredMachines, kubectlJson, must, mustStart } from "../platform";

interface Secret {
  readonly data: Readonly<Record<string, string>>;
}

export const rebuild: Drill = {
  name: "rebuild",
  promise: "after the loss of every machine and disk, npm start rebuilds the same cluster from Git and the sealing key",
  needs: "platform",
  minutes: 2,
  inTest: true,
  run: async (see) => {
    const before = await readOutputs();
    const machines = configuredMachines();
    const secret = (): Promise<Secret> => kubectlJson<Secret>("get", "secret", "database-creds", "-n", "credentials");
    const sealed = await secret();
    await must("bash", [join(root, "components/machines/local/sweep.sh"), paths.machines]);
    see("destroyed every machine with its disk, behind Pulumi's back");

    const again = await mustStart();
    see(again.output);
    const after = await readOutputs();
    assert.deepEqual(configuredMachines(), machines);
    assert.deepEqual(after.nodes, before.nodes, "names and addresses are the same");
    assert.equal(after.sealingCertificate, before.sealingCertificate, "the sealing certificate is the same");
    assert.deepEqual((await secret()).data, sealed.data, "the SealedSecret became the same Secret");
    return `the cluster was back in ${again.seconds.toFixed(1)} s`;
  },
};
