import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../../scripts/lib/paths";
import type { Drill } from "../drill";
import { infraRepository } from "../infra-repository";
import { eventually, kubectl, kubectlJson, must, mustStart, run } from "../platform";
import type { Clone } from "../repository";

const NAMESPACE = "credentials";
const STARTER = "database-creds";
const SEALED_AFTER = "sealed-after-rotation";
const CONTROLLER = ["-n", "kube-system", "deployment/sealed-secrets-controller"];
/** The root paths of all environments: the local platform can follow each of them. */
const ROOT_PATHS = ["applications", "applications/staging", "applications/production"];

interface Secret {
  readonly data: Readonly<Record<string, string>>;
}

export const rotateSealingKey: Drill = {
  name: "rotate-sealing-key",
  promise: "a new sealing key seals while the old one still opens, and after resealing the old one can be dropped",
  needs: "platform",
  minutes: 2,
  inTest: false,
  run: async (see) => {
    const before = await secret(STARTER);
    const keys = await keyNames();
    const published = readFileSync(paths.certificate, "utf8");

    see(await rotate("add"));
    const added = await mustStart();
    assert.equal((await keyNames()).length, keys.length + 1, "the controller's namespace has one more key");
    assert.notEqual(readFileSync(paths.certificate, "utf8"), published, "the published certificate is another");
    await rolledOut();
    const opened = await opensAgain(STARTER, before);
    see(
      `up gave the controller the new key in ${added.seconds.toFixed(1)} s; what the old one sealed opened again after ${opened} s`,
    );

    return infraRepository(async (clone) => {
      const fresh = await sealedAfter(clone);
      see(`a Secret sealed with the new certificate was there ${fresh.toFixed(1)} s after its push`);

      const refused = await run("npm", [...ROTATE, "drop", ...where(clone)]);
      assert.notEqual(refused.exitCode, 0, "dropping the old key was allowed while Git still needed it");
      assert.match(refused.output, /still need an older key/);
      const resealed = await rotate("reseal", ...where(clone));
      assert.match(resealed, /apps\/credentials\/overlays\/local\/sealed-secret\.yaml/);
      assert.doesNotMatch(resealed, new RegExp(SEALED_AFTER), "what the new key sealed was sealed again");
      await clone.publish("drill: sealed for the new key");
      const value = sealedValue(clone);
      await eventually("the cluster has what was sealed anew", 60, async () => {
        const sealed = await kubectl("get", "sealedsecret", STARTER, "-n", NAMESPACE, "-o", "yaml");
        assert.ok(sealed.includes(value), "Argo CD hasn't applied it yet");
      });
      see(resealed);

      see(await rotate("drop", ...where(clone)));
      const dropped = await mustStart();
      // A deleted key stays in the controller's memory until its restart.
      await kubectl("rollout", "restart", ...CONTROLLER);
      await rolledOut();
      assert.equal((await keyNames()).length, 1, "one key is left");
      assert.ok(!(await keyNames()).some((name) => keys.includes(name)), "the old key is gone");
      await opensAgain(STARTER, before);
      await opensAgain(SEALED_AFTER, await secret(SEALED_AFTER));
      see(`without the old key (up: ${dropped.seconds.toFixed(1)} s) everything in Git opens`);
      await removeSealedAfter(clone);
      return `rotated in two updates of ${added.seconds.toFixed(1)} s and ${dropped.seconds.toFixed(1)} s`;
    });
  },
};

const ROTATE = ["run", "--silent", "rotate-sealing-key", "--", "local"];

async function rotate(...args: string[]): Promise<string> {
  return (await must("npm", [...ROTATE, ...args])).trim();
}

function where(clone: Clone): string[] {
  return ["--repository", clone.directory, ...ROOT_PATHS.flatMap((path) => ["--path", path])];
}

const secret = (name: string): Promise<Secret> => kubectlJson<Secret>("get", "secret", name, "-n", NAMESPACE);

async function keyNames(): Promise<string[]> {
  const label = "sealedsecrets.bitnami.com/sealed-secrets-key=active";
  const names = await kubectl("get", "secrets", "-n", "kube-system", "-l", label, "-o", "name");
  return names.trim().split("\n");
}

async function rolledOut(): Promise<void> {
  await eventually("the controller runs anew", 60, () => kubectl("rollout", "status", ...CONTROLLER, "--timeout=10s"));
}

/** Deletes a Secret and waits until the controller has opened its SealedSecret again. @returns seconds */
async function opensAgain(name: string, expected: Secret): Promise<string> {
  await kubectl("delete", "secret", name, "-n", NAMESPACE);
  const { seconds } = await eventually(`${name} is opened again`, 60, async () => {
    assert.deepEqual((await secret(name)).data, expected.data);
  });
  return seconds.toFixed(1);
}

function overlay(clone: Clone): string {
  return join(clone.directory, "apps", NAMESPACE, "overlays", "local");
}

function sealedValue(clone: Clone): string {
  const text = readFileSync(join(overlay(clone), "sealed-secret.yaml"), "utf8");
  return /password: (\S+)/.exec(text)?.[1] ?? assert.fail("no sealed value in sealed-secret.yaml");
}

/** Seals and pushes a Secret like an operator. @returns the seconds until it was in the cluster */
async function sealedAfter(clone: Clone): Promise<number> {
  const file = join(overlay(clone), `${SEALED_AFTER}.yaml`);
  const command = ["run", "--silent", "seal", "--", "local", NAMESPACE, SEALED_AFTER, "value=-", "--out", file];
  await must("npm", command, { stdin: "pipe", input: "sealed with the new key\n" });
  const kustomization = join(overlay(clone), "kustomization.yaml");
  const listed = readFileSync(kustomization, "utf8").replace(
    /^resources:\n/m,
    `resources:\n  - ${SEALED_AFTER}.yaml\n`,
  );
  writeFileSync(kustomization, listed);
  await clone.publish("drill: a Secret sealed with the new key");
  const { seconds } = await eventually("the new Secret appears", 60, async () => {
    const { data } = await secret(SEALED_AFTER);
    assert.equal(Buffer.from(data["value"] ?? "", "base64").toString(), "sealed with the new key");
  });
  return seconds;
}

async function removeSealedAfter(clone: Clone): Promise<void> {
  rmSync(join(overlay(clone), `${SEALED_AFTER}.yaml`));
  const kustomization = join(overlay(clone), "kustomization.yaml");
  writeFileSync(kustomization, readFileSync(kustomization, "utf8").replace(`  - ${SEALED_AFTER}.yaml\n`, ""));
  await clone.publish("drill: remove the Secret");
}
