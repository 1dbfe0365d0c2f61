import assert from "node:assert/strict";
import type { Document } from "yaml";
import { ensureMirror } from "@gitops-platform/mirror/mirror";
import { paths } from "../../../scripts/lib/paths";
import type { Drill } from "../drill";
import {
  addGuestWorker,
  hubAsBastion,
  madeHostKey,
  measureDisk,
  observedNodes,
  pinnedImage,
  type GuestWorker,
} from "../guest-worker";
import { Hypervisor } from "../hypervisor";
import { overSsh } from "../over-ssh";
import { eventually, kubectl, mustStart, start } from "../platform";
import { StackFile } from "../stack-file";
import { killedStart } from "../killed-start";

const GUEST: GuestWorker = { name: "kvm-1", address: "10.78.0.31", vcpus: 2, memoryMiB: 2048 };
const MORE_MEMORY_MIB = 2560;

/** The part of a guest's memory that its kernel keeps, at most. */
const KERNEL_MEMORY_MIB = 160;

/** The moments of a kill: some time after the creation of a resource has begun. */
const INTERRUPTIONS = [
  { during: "the download of the image", name: "hv-1-image", delayMs: 800 },
  { during: "the guest's creation", name: `${GUEST.name}-guest`, delayMs: 4000 },
] as const;

/** Limits for emulation on a busy computer, where a guest boots in one to three minutes. */
const READY_SECONDS = 360;
const POD_SECONDS = 360;

type See = (line: string) => void;

/** Writes the worker into the stack file; `settings` replace those of {@link GUEST} and of the mirror's image. */
type Configure = (
  settings: { readonly memoryMiB?: number; readonly sha256?: string },
  further?: (document: Document.Parsed) => void,
) => void;

export const kvmWorker: Drill = {
  name: "kvm-worker",
  promise:
    "a hypervisor behind a bastion gets a guest that joins as a worker, changes its memory, and is deleted without a trace",
  needs: "platform",
  minutes: 14,
  inTest: false,
  run: async (see) => {
    await ensureMirror({ cache: paths.cache, virtual: true, log: see });
    const image = pinnedImage();
    const hypervisor = new Hypervisor({
      ...{ name: "hv-1", address: "10.78.0.30", memoryMiB: 5120 },
      ...{ bridge: "gitops0", networkCidr: "10.78.0.0/24", hostAddress: "10.78.0.1" },
    });
    await hypervisor.create();
    const bastion = await hubAsBastion();
    const figures = await StackFile.edited(async (file) => {
      const configure: Configure = (settings, further) =>
        file.edit((document) => {
          const { memoryMiB = GUEST.memoryMiB, sha256 = image.sha256 } = settings;
          addGuestWorker(document, hypervisor, bastion, { ...GUEST, memoryMiB }, { ...image, sha256 });
          further?.(document);
        });
      await failOnlyItsNodes(hypervisor, configure, see);
      await refuseWrongImage(hypervisor, image.sha256, configure, see);
      configure({});
      await interrupt(hypervisor, see);
      const joined = await join(hypervisor, see);
      const changed = await changeMemory(configure, see);
      return `joined in ${joined.toFixed(0)} s, Ready with more memory in ${changed.toFixed(0)} s`;
    });
    const removed = await remove(hypervisor, see);
    await hypervisor.destroy();
    return `${figures}, gone in ${removed.toFixed(0)} s`;
  },
};

/** A hypervisor without power fails its own nodes, with its name in the error, and stops nothing else. */
async function failOnlyItsNodes(hypervisor: Hypervisor, configure: Configure, see: See): Promise<void> {
  configure({}, (document) => document.setIn(["config", "gitops-platform:gitops", "reconciliationSeconds"], 61));
  await hypervisor.powerOff();
  const down = await start();
  assert.notEqual(down.exitCode, 0, "npm start succeeded with the hypervisor down");
  const sentence = down.output.split("\n").find((line) => /^ *- /.test(line) && line.includes(hypervisor.args.name));
  assert.ok(sentence, `no sentence names ${hypervisor.args.name}:\n${down.output}`);
  const path = "jsonpath={.data.timeout\\.reconciliation}";
  const interval = await kubectl("get", "configmap", "argocd-cm", "-n", "argocd", "-o", path);
  assert.equal(interval, "61s", "a change that has nothing to do with the hypervisor was not made");
  for (const { name, ready } of await observedNodes()) assert.ok(ready, `${name} is not Ready`);
  see(`with its power cut, only its own node failed (${down.seconds.toFixed(1)} s): ${sentence.trim()}`);
  await hypervisor.start();
}

/** An image with another checksum leaves no guest, no disk and no image behind. */
async function refuseWrongImage(hypervisor: Hypervisor, sha256: string, configure: Configure, see: See): Promise<void> {
  const before = await hypervisor.files();
  const other = (sha256.startsWith("0") ? "1" : "0") + sha256.slice(1);
  configure({ sha256: other });
  const refused = await start();
  assert.notEqual(refused.exitCode, 0, "npm start took an image with another checksum");
  const sentence = refused.output.split("\n").find((line) => line.includes(other) && line.includes(sha256));
  assert.ok(sentence, `no sentence names both checksums:\n${refused.output}`);
  assert.deepEqual(await hypervisor.guests(), []);
  assert.deepEqual(await hypervisor.files(), before, "the wrong image left something on the hypervisor");
  see(`${sentence.trim()} (${refused.seconds.toFixed(1)} s; nothing was left on the hypervisor)`);
}

/** Kills the CLI on the way. The next `pulumi up` continues, and makes no second guest. */
async function interrupt(hypervisor: Hypervisor, see: See): Promise<void> {
  for (const { during, name, delayMs } of INTERRUPTIONS) {
    await killedStart({ name, delayMs });
    see(`killed during ${during}; guests now: ${(await hypervisor.guests()).join(", ") || "none"}`);
  }
}

/** @returns the seconds of the `npm start` that made the guest a member */
async function join(hypervisor: Hypervisor, see: See): Promise<number> {
  const joined = await mustStart();
  see(joined.output);
  assert.deepEqual(await hypervisor.guests(), [GUEST.name], "an interrupted guest was made twice");
  const reached = await overSsh(GUEST.address, madeHostKey(GUEST.name), "systemd-analyze time; systemd-detect-virt");
  assert.equal(reached.exitCode, 0, reached.output);
  see(`reached over SSH with the host key that the stack made: ${reached.output.trim().replaceAll("\n", ", ")}`);
  const { seconds, value } = await becomesReady(GUEST.memoryMiB);
  see(`Ready ${seconds.toFixed(1)} s after npm start ended: ${value.system}, ${value.memoryMiB} MiB`);

  const gate = await measureDisk(GUEST);
  see(`the disk gate: fdatasync p99 ${gate.p99Ms} ms, ${gate.iops} syncs/s on ${gate.device} (${gate.verdict})`);
  await runPod(see);
  return joined.seconds;
}

/** Runs a pod on the guest, and calls it through the API server and the pod network. */
async function runPod(see: See): Promise<void> {
  const image = await kubectl(
    "get",
    "deployment",
    "web",
    "-n",
    "web",
    "-o",
    "jsonpath={.spec.template.spec.containers[0].image}",
  );
  const overrides = JSON.stringify({ spec: { nodeName: GUEST.name } });
  await kubectl("run", "on-guest", `--image=${image}`, "--restart=Never", `--overrides=${overrides}`);
  try {
    const answered = await eventually("the pod on the guest answers", POD_SECONDS, () =>
      kubectl("get", "--raw", "/api/v1/namespaces/default/pods/on-guest:9898/proxy/version"),
    );
    see(
      `a pod on ${GUEST.name} answered after ${answered.seconds.toFixed(1)} s: ${answered.value.replaceAll(/\s+/g, " ")}`,
    );
  } finally {
    await kubectl("delete", "pod", "on-guest", "--now", "--ignore-not-found");
  }
}

/** @returns seconds from `npm start` to the guest being Ready with its new memory */
async function changeMemory(configure: Configure, see: See): Promise<number> {
  const before = await becomesReady(GUEST.memoryMiB);
  configure({ memoryMiB: MORE_MEMORY_MIB });
  const changed = await mustStart();
  see(changed.output);
  const after = await becomesReady(MORE_MEMORY_MIB);
  assert.notEqual(after.value.bootId, before.value.bootId, "the guest did not restart");
  see(`Ready ${after.seconds.toFixed(1)} s after npm start ended, with ${after.value.memoryMiB} MiB`);
  return changed.seconds + after.seconds;
}

/** @returns seconds of the `npm start` that deleted the guest */
async function remove(hypervisor: Hypervisor, see: See): Promise<number> {
  const removed = await mustStart();
  see(removed.output);
  assert.deepEqual(await hypervisor.guests(), [], "a guest is left on the hypervisor");
  const left = (await hypervisor.files()).filter(
    (file) => file.includes(GUEST.name) || file.includes("gitops-platform"),
  );
  assert.deepEqual(left, [], "files are left on the hypervisor");
  assert.ok(!(await observedNodes()).some(({ name }) => name === GUEST.name), "the node is still in the cluster");
  see("nothing is left on the hypervisor, and the node is gone from the cluster");
  return removed.seconds;
}

async function becomesReady(
  memoryMiB: number,
): ReturnType<typeof eventually<Awaited<ReturnType<typeof observedNodes>>[number]>> {
  return eventually(`${GUEST.name} is Ready with ${memoryMiB} MiB`, READY_SECONDS, async () => {
    const node = (await observedNodes()).find(({ name }) => name === GUEST.name);
    assert.ok(node?.ready, `${GUEST.name} is ${node ? "not Ready" : "not in the cluster"}`);
    const least = memoryMiB - KERNEL_MEMORY_MIB;
    assert.ok(node.memoryMiB >= least && node.memoryMiB <= memoryMiB, `${GUEST.name} has ${node.memoryMiB} MiB`);
    return node;
  });
}
