import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nameOf } from "../../components/tokens";
import { pulumi, type PulumiTarget } from "./pulumi";
import type { Exported } from "./stack-state";
import { readStackYaml } from "./stack-yaml";

/**
 * Creates a stack in its backend. `pulumi stack init` writes the salt of the stack's secrets into the stack file beside
 * Pulumi.yaml, whatever --config-file says: so it runs in a directory of its own, and no committed file is touched.
 *
 * @param directory where the stack file may lie already
 * @returns the salt
 */
export async function initStack(
  target: Pick<PulumiTarget, "env" | "stack">,
  directory: string,
  provider = "passphrase",
): Promise<string | undefined> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, "Pulumi.yaml"), "name: gitops-platform\nruntime: nodejs\n");
  await pulumi(target, ["stack", "init", "--secrets-provider", provider], { cwd: directory });
  return readStackYaml(join(directory, `Pulumi.${target.stack}.yaml`)).encryptionsalt;
}

/**
 * Takes the note of interrupted operations out of a stack's state. Every step continues its own half-run, and objects in
 * the cluster are taken over, so that the next update does them again without looking anything up.
 *
 * @returns the interrupted operations, `creating disk-gate-cp-1`
 */
export async function dropPendingOperations(target: PulumiTarget): Promise<readonly string[]> {
  const exported = JSON.parse(await pulumi(target, ["stack", "export"])) as Exported;
  const { pending_operations: pending = [], ...deployment } = exported.deployment ?? {};
  if (pending.length === 0) return [];
  await pulumi(target, ["stack", "import"], { input: JSON.stringify({ ...exported, deployment }) });
  return pending.map(({ type, resource }) => `${type} ${nameOf(resource.urn)}`);
}
