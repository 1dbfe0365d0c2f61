import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { paths, root } from "../../../scripts/lib/paths";
import { assertHealthy } from "../applications";
import type { Drill } from "../drill";
import { eventually, kubectl, kubectlJson, must } from "../platform";

const MACHINE = join(root, "components/machines/local/machine.sh");
const KEY = "drill";

interface Pod {
  readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

export const stateful: Drill = {
  name: "stateful",
  promise: "the store keeps its data through a new pod and a reboot of its node; Git has its password only sealed",
  needs: "platform",
  minutes: 3,
  inTest: true,
  run: async (see) => {
    const before = await readyPod();
    const node = before.spec.nodeName ?? "";
    const value = randomBytes(12).toString("hex");
    assert.equal((await redis(`set ${KEY} ${value}`)).trim(), "OK");
    assert.match(
      await kubectl("exec", "-n", "store", "store-0", "-c", "redis", "--", "redis-cli", "get", KEY),
      /NOAUTH/,
    );
    see(`wrote a value on ${node}; without the password the store answers NOAUTH`);

    const places = await assertPasswordSealed();
    see(`the password is in none of ${places}, and in Git as a SealedSecret`);

    // The volume belongs to one node: with that node cordoned the pod waits, and doesn't start empty elsewhere.
    await kubectl("cordon", node);
    let waited: string;
    try {
      await kubectl("delete", "pod", "store-0", "-n", "store");
      waited = (await eventually("the pod waits for its node", 30, unschedulable)).value;
    } finally {
      await kubectl("uncordon", node);
    }
    const moved = await eventually("the pod is back", 60, () => readyPod(before));
    assert.equal(moved.value.spec.nodeName, node);
    assert.equal((await redis(`get ${KEY}`)).trim(), value);
    see(
      `with ${node} closed the new pod waited (${waited}); opened, it had its data after ${moved.seconds.toFixed(1)} s`,
    );

    await must("bash", [MACHINE, "stop", node]);
    await must("bash", [MACHINE, "start", node]);
    const rebooted = await eventually("the store answers after the reboot", 90, async () => {
      assert.equal((await redis(`get ${KEY}`)).trim(), value);
      await readyPod();
    });
    see(`${node} was rebooted: the value was there ${rebooted.seconds.toFixed(1)} s after it was started`);
    // A comparison whose repo-server went away hangs for half a minute before Argo CD retries it.
    const healthy = await eventually("everything is Synced and Healthy again", 180, () => assertHealthy());
    see(`everything was Synced and Healthy again ${healthy.seconds.toFixed(1)} s later`);
    await redis(`del ${KEY}`);
    return `the data was back ${moved.seconds.toFixed(1)} s after a pod move and ${rebooted.seconds.toFixed(1)} s after a reboot`;
  },
};

/** Runs redis-cli in the store's pod, with the password from the mounted file. */
function redis(command: string): Promise<string> {
  const script = `REDISCLI_AUTH=$(cat /run/secrets/store/password) redis-cli ${command}`;
  return kubectl("exec", "-n", "store", "store-0", "-c", "redis", "--", "sh", "-c", script);
}

const pod = (): Promise<Pod> => kubectlJson<Pod>("get", "pod", "store-0", "-n", "store");

/** @throws unless the pod is ready and isn't `than` */
async function readyPod(than?: Pod): Promise<Pod> {
  const found = await pod();
  assert.notEqual(found.metadata.uid, than?.metadata.uid, "it is still the old pod");
  const ready = found.status.conditions?.find(({ type }) => type === "Ready");
  assert.equal(ready?.status, "True", ready?.message);
  return found;
}

async function unschedulable(): Promise<string> {
  const { metadata, spec, status } = await pod();
  const scheduled = status.conditions?.find(({ type }) => type === "PodScheduled");
  assert.equal(metadata.deletionTimestamp, undefined, "the old pod is still going");
  assert.equal(spec.nodeName, undefined, `it was started on ${spec.nodeName ?? ""}`);
  assert.equal(scheduled?.status, "False", "it was not tried yet");
  assert.match(scheduled.message ?? "", /0\/3 nodes are available/);
  return (scheduled.message ?? "").replace(/ preemption: .*/, "");
}

/** @returns the names of the searched places */
async function assertPasswordSealed(): Promise<string> {
  const secret = await kubectlJson<{ data: { password: string } }>("get", "secret", "store-auth", "-n", "store");
  const password = Buffer.from(secret.data.password, "base64").toString();
  assert.ok(password.length >= 16, "the Secret has no password: the check is blind");
  const repository = join(paths.git, "infra.git");
  const history = await must("git", ["--git-dir", repository, "log", "--all", "--patch", "--no-color"]);
  assert.match(history, /^\+ {2}name: store-auth$/m, "the SealedSecret is not in Git");
  const commandLines = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(commandLine);
  assert.ok(
    commandLines.some((line) => line.includes("redis-server")),
    "no Redis runs: the check is blind",
  );
  const objects = await kubectl("get", "statefulsets,pods,configmaps,services", "-n", "store", "-o", "yaml");
  const searched = {
    "Git's history": history,
    "the argument lists": commandLines.join("\n"),
    "the pod's objects": objects,
  };
  for (const [place, text] of Object.entries(searched)) {
    assert.ok(!text.includes(password), `the password is in ${place}`);
    assert.ok(!text.includes(secret.data.password), `the password is in ${place}, in base64`);
  }
  return Object.keys(searched).join(", ");
}

/** The argument list of a process; empty for one that has ended. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
