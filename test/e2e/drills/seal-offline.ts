import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../../scripts/lib/paths";
import type { Drill } from "../drill";
import { infraRepository } from "../infra-repository";
import { eventually, kubectlJson, must } from "../platform";

/** The commands of the documentation, in a shell without a network and without a kubeconfig. */
const SEAL = [
  "kubectl create secret generic database-creds --from-literal=password=SuperSecret123 --dry-run=client -o yaml > secret.yaml",
  "kubeseal --format=yaml --cert=public-cert.pem < secret.yaml > sealed-secret.yaml",
].join(" && ");

export const sealOffline: Drill = {
  name: "seal-offline",
  promise: "a Secret that is sealed offline with the published certificate and committed to Git appears in the cluster",
  needs: "platform",
  minutes: 1,
  inTest: true,
  run: async (see) =>
    infraRepository(async (clone) => {
      const scratch = join(clone.directory, "..", "seal");
      mkdirSync(scratch);
      copyFileSync(paths.certificate, join(scratch, "public-cert.pem"));
      await must("unshare", ["--net", "bash", "-c", SEAL], {
        cwd: scratch,
        env: { PATH: `${paths.bin}:${process.env.PATH ?? ""}`, KUBECONFIG: "", HOME: scratch },
      });
      const sealed = readFileSync(join(scratch, "sealed-secret.yaml"), "utf8");
      assert.match(sealed, /kind: SealedSecret/);
      assert.ok(!sealed.includes("SuperSecret123"), "the sealed file holds the password in clear");
      see("sealed without a network, with kubectl and kubeseal as documented");

      // kubectl wrote no namespace, so the SealedSecret is bound to `default`.
      const kustomization = join(clone.directory, "applications/kustomization.yaml");
      const before = readFileSync(kustomization, "utf8");
      writeFileSync(join(clone.directory, "applications/sealed-secret.yaml"), sealed);
      writeFileSync(kustomization, before.replace(/^resources:\n/m, "resources:\n  - sealed-secret.yaml\n"));
      await clone.publish("drill: a secret sealed offline");
      const appeared = await eventually("the Secret appears", 30, async () => {
        const secret = await kubectlJson<{ data: { password: string } }>(
          "get",
          "secret",
          "database-creds",
          "-n",
          "default",
        );
        assert.equal(Buffer.from(secret.data.password, "base64").toString(), "SuperSecret123");
      });
      await clone.git("revert", "--no-edit", "HEAD");
      await clone.git("push", "--quiet");
      return `the Secret was there after ${appeared.seconds.toFixed(1)} s`;
    }),
};
