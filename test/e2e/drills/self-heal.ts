import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Drill } from "../drill";
import { infraRepository } from "../infra-repository";
import { eventually, kubectl, kubectlJson, run, kubectlBinary } from "../platform";
import { paths } from "../../../scripts/lib/paths";

interface Service {
  readonly spec: { readonly ports: readonly { readonly port: number }[] };
}

export const selfHeal: Drill = {
  name: "self-heal",
  promise: "a push is live within 10 s, a manual edit is reverted, an object goes when its file is removed from Git",
  needs: "platform",
  minutes: 1,
  inTest: true,
  run: async (see) => {
    const { port } = (await kubectlJson<Service>("get", "service", "web", "-n", "web")).spec.ports[0] ?? { port: 0 };
    await kubectl(
      "patch",
      "service",
      "web",
      "-n",
      "web",
      "--type=json",
      "-p",
      `[{"op":"replace","path":"/spec/ports/0/port","value":${port + 1}}]`,
    );
    const healed = await eventually("the edited Service is as in Git again", 30, async () => {
      const service = await kubectlJson<Service>("get", "service", "web", "-n", "web");
      assert.equal(service.spec.ports[0]?.port, port);
    });
    see(`a Service edited by hand was reverted after ${healed.seconds.toFixed(1)} s`);

    return infraRepository(async (clone) => {
      const overlay = join(clone.directory, "apps/web/overlays/local");
      const kustomization = readFileSync(join(overlay, "kustomization.yaml"), "utf8");
      writeFileSync(
        join(overlay, "drill.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: drill\ndata:\n  pushed: 'yes'\n",
      );
      writeFileSync(
        join(overlay, "kustomization.yaml"),
        kustomization.replace(/^resources:\n/m, "resources:\n  - drill.yaml\n"),
      );
      await clone.publish("drill: add a ConfigMap");
      const live = await eventually("the pushed ConfigMap is live", 10, () =>
        kubectl("get", "configmap", "drill", "-n", "web"),
      );
      see(`a pushed commit was live after ${live.seconds.toFixed(1)} s`);

      rmSync(join(overlay, "drill.yaml"));
      writeFileSync(join(overlay, "kustomization.yaml"), kustomization);
      await clone.publish("drill: remove the ConfigMap");
      const pruned = await eventually("the removed ConfigMap is gone", 20, async () => {
        const { exitCode } = await run(kubectlBinary, [
          "--kubeconfig",
          paths.kubeconfig,
          "get",
          "configmap",
          "drill",
          "-n",
          "web",
        ]);
        assert.notEqual(exitCode, 0, "the ConfigMap is still there");
      });
      see(`an object whose file was removed was gone after ${pruned.seconds.toFixed(1)} s`);
      return `healed in ${healed.seconds.toFixed(1)} s, live in ${live.seconds.toFixed(1)} s, pruned in ${pruned.seconds.toFixed(1)} s`;
    });
  },
};
