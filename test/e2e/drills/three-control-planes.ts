import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument, type YAMLSeq } from "yaml";
import { root } from "../../../scripts/lib/paths";
import type { Drill } from "../drill";
import { configuredMachines, eventually, must, mustStart, on } from "../platform";

const STACK_FILE = join(root, "Pulumi.local.yaml");

export const threeControlPlanes: Drill = {
  name: "three-control-planes",
  promise: "with three control planes, one can lose its power, and the API stays reachable from every other node",
  needs: "nothing",
  minutes: 3,
  inTest: true,
  run: async (see) => {
    const committed = readFileSync(STACK_FILE, "utf8");
    writeFileSync(STACK_FILE, withControlPlanes(committed, ["10.78.0.12", "10.78.0.13"]));
    try {
      const started = await mustStart();
      see(started.output);
      const controlPlanes = configuredMachines().filter(({ role }) => role === "control-plane");
      assert.equal(controlPlanes.length, 3);

      await must("bash", [join(root, "components/machines/local/machine.sh"), "power-off", "cp-1"]);
      const survivors = configuredMachines().filter(({ name, role }) => role !== "hub" && name !== "cp-1");
      const reached = await eventually("the API answers on every other node", 60, async () => {
        for (const { name } of survivors) {
          const { exitCode, output } = await on(name, "curl -sSk --max-time 4 https://127.0.0.1:7443/readyz");
          assert.equal(exitCode, 0, `${name}: ${output}`);
          assert.equal(output.trim(), "ok", name);
        }
      });
      see(
        `cp-1 was powered off; ${survivors.map(({ name }) => name).join(", ")} reach the API after ${reached.seconds.toFixed(1)} s`,
      );
      const write = await eventually("a write is accepted", 60, async () => {
        const ran = await on(
          "cp-2",
          "kubectl --kubeconfig /etc/kubernetes/admin.conf create configmap survived --from-literal=a=b -n default",
        );
        assert.equal(ran.exitCode, 0, ran.output);
      });
      return `reachable after ${reached.seconds.toFixed(1)} s, writable after ${(reached.seconds + write.seconds).toFixed(1)} s`;
    } finally {
      writeFileSync(STACK_FILE, committed);
    }
  },
};

/** The stack file with further control planes after the first. */
function withControlPlanes(text: string, addresses: readonly string[]): string {
  const document = parseDocument(text);
  const nodes = document.getIn(["config", "gitops-platform:nodes"]) as YAMLSeq;
  addresses.forEach((address, index) => {
    nodes.items.splice(
      1 + index,
      0,
      document.createNode({ name: `cp-${index + 2}`, kind: "local", role: "control-plane", address }),
    );
  });
  return document.toString();
}
