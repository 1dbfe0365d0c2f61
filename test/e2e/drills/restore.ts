import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paths, root } from "../../../scripts/lib/paths";
import type { Drill } from "../drill";
import { eventually, kubectl, kubectlBinary, kubectlJson, must, on, run, type Ran } from "../platform";

interface WithData {
  readonly data: Readonly<Record<string, string>>;
}

export const restore: Drill = {
  name: "restore",
  promise:
    "a snapshot of etcd, encrypted on the control plane and verified on this computer, brings back what Git doesn't have once every " +
    "machine is lost; the old kubeconfig works",
  needs: "platform",
  minutes: 5,
  inTest: false,
  run: async (see) => {
    const directory = mkdtempSync(join(tmpdir(), "gitops-platform-snapshots-"));
    const snapshots = (...args: string[]): Promise<Ran> =>
      run("npm", ["run", "--silent", "snapshots", "--", "local", ...args, "--to", directory]);
    const oldKubeconfig = join(directory, "old-kubeconfig");
    try {
      await kubectl("create", "configmap", "only-in-etcd", "--from-literal=proof=kept", "-n", "default");
      const sealed = await secret();
      copyFileSync(paths.kubeconfig, oldKubeconfig);

      const taken = await snapshots("take");
      assert.equal(taken.exitCode, 0, taken.output);
      see(taken.output);
      const name = /\d{8}T\d{6}Z-cp-1\.age/.exec(taken.output)?.[0] ?? "";
      const file = join(directory, name);
      await assertSealed(file);
      await assertRefused(snapshots, name, file);

      await must("bash", [join(root, "components/machines/local/sweep.sh"), paths.machines]);
      see("destroyed every machine with its disk");
      const [restored] = await Promise.all([snapshots("restore", name), forgetLostVolume(oldKubeconfig)]);
      assert.equal(restored.exitCode, 0, restored.output);
      see(restored.output);
      const kept = await kubectlJson<WithData>("get", "configmap", "only-in-etcd", "-n", "default");
      assert.equal(kept.data["proof"], "kept");
      assert.deepEqual((await secret()).data, sealed.data, "the SealedSecret is the same Secret");
      await must(kubectlBinary, ["--kubeconfig", oldKubeconfig, "--request-timeout=15s", "get", "nodes"]);
      const again = await run("npm", ["run", "--silent", "pulumi", "--", "preview", "--expect-no-changes"]);
      assert.equal(again.exitCode, 0, `an update after the restore would change something:\n${again.output}`);
      const rest = await on(
        "cp-1",
        "find /var/lib/gitops-platform/restore /var/lib/etcd -name '*snapshot*' -o -name '*.tar.gz'",
      );
      assert.doesNotMatch(rest.output, /\.(db|gz)/, "the opened snapshot is still on the node");
      const size = (statSync(file).size / 1e6).toFixed(1);
      return `back in ${restored.seconds.toFixed(0)} s from a snapshot of ${size} MB, taken in ${taken.seconds.toFixed(0)} s`;
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
};

/** As docs/runbooks/lost-cluster.md says of volumes that were on lost disks, while the restore waits for their pods. */
async function forgetLostVolume(kubeconfig: string): Promise<void> {
  const begin = Date.now();
  const old = (...args: string[]): Promise<string> =>
    must(kubectlBinary, ["--kubeconfig", kubeconfig, "--request-timeout=5s", "-n", "store", ...args]);
  await eventually("the pod waits for its volume on the new disk", 400, async () => {
    const events = await old("get", "events", "--field-selector", "reason=FailedMount", "-o", "json");
    const { items } = JSON.parse(events) as { items: { message: string; lastTimestamp: string | null }[] };
    const waits = ({ lastTimestamp, message }: (typeof items)[number]): boolean =>
      / path ".*" does not exist/.test(message) && Date.parse(lastTimestamp ?? "") > begin;
    assert.ok(items.some(waits), "no such event");
  });
  await old("delete", "pvc", "data-store-0", "--wait=false");
  await old("delete", "pod", "store-0", "--wait=false");
}

function secret(): Promise<WithData> {
  return kubectlJson<WithData>("get", "secret", "database-creds", "-n", "credentials");
}

/** Neither the file nor the node has anything of it in clear. */
async function assertSealed(file: string): Promise<void> {
  const content = readFileSync(file);
  assert.ok(content.subarray(0, 21).toString() === "age-encryption.org/v1");
  assert.equal(content.includes("only-in-etcd"), false);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const clear = await on(
    "cp-1",
    "find / -xdev -name 'gitops-platform-snapshot.db*'; ls -A /var/lib/gitops-platform/snapshots | grep -v 'age$'",
  );
  assert.equal(clear.output.trim(), "", "a copy in clear, or a draft, is left on the node");
}

/** Each is refused, and the cluster is not touched: it lives. */
async function assertRefused(
  snapshots: (...args: string[]) => Promise<Ran>,
  name: string,
  file: string,
): Promise<void> {
  const whole = readFileSync(file);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(whole.length - 100) ^ 1, whole.length - 100);
  for (const content of [whole.subarray(0, whole.length - 70_000), flipped]) {
    writeFileSync(file, content);
    const refused = await snapshots("restore", name);
    assert.equal(refused.exitCode, 1, refused.output);
    assert.match(refused.output, /is cut off or was changed .*; nothing was changed/);
  }
  writeFileSync(file, whole);
  const living = await snapshots("restore", name);
  assert.equal(living.exitCode, 1, living.output);
  assert.match(living.output, /its cluster lives/);
}
