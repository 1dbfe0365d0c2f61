import assert from "node:assert/strict";
import type { Document } from "yaml";
import { UPGRADE_SECONDS } from "../../../scripts/stack/plan/turns";
import type { Drill } from "../drill";
import { killedStart } from "../killed-start";
import { configuredMachines, eventually, kubectl, kubectlJson, must, mustStart, on, run, start } from "../platform";
import { addControlPlanes, addNode, cordonedNodes, deployWeb, loseMachine } from "../rolling-cluster";
import { type RollingFacts, RollingWatch } from "../rolling-watch";
import { StackFile } from "../stack-file";

const FROM = "1.27.3";
const TO = "1.27.4";
const CONTROL_PLANES = ["cp-1", "cp-2", "cp-3"];
const NODES = [...CONTROL_PLANES, "worker-1", "worker-2"];
const GAP_LIMIT_SECONDS = 10;
/** Between two looks at the cluster. */
const LOOK_SECONDS = 2;

export const upgrade: Drill = {
  name: "upgrade",
  promise: `an edited version upgrades Kubernetes ${FROM} to ${TO}, one node at a time, drained, and goes on after a kill`,
  needs: "nothing",
  minutes: 15,
  inTest: false,
  run: async (see) => {
    return StackFile.edited(async (file) => {
      file.edit((document) => shape(document, FROM));
      see((await mustStart()).output);
      assert.deepEqual(await versions(), NODES.map((name) => `${name} ${FROM}`).sort());
      await deployWeb(2);
      const watch = await RollingWatch.begin(CONTROL_PLANES, "worker-2");
      const writer = new Writer();

      file.edit((document) => shape(document, TO));
      await killedStart({ name: "local-cp-2-activation", op: "update", delayMs: 4000 });
      const first = await kubeletStart("cp-1");
      see("killed after the first control plane");
      const blocked = await start();
      assert.notEqual(blocked.exitCode, 0, "a budget that lets no pod go did not stop the update");
      assert.match(
        blocked.output,
        /worker-1 could not be drained in 30 s.*default\/drill-web-\S+ stays: The disruption budget drill-web needs 2 healthy pods and has 2/,
      );
      see(`stopped by the budget: ${/worker-1 could not be drained.*/.exec(blocked.output)?.[0] ?? ""}`);
      assert.deepEqual(await cordonedNodes(), []);
      await deployWeb(1);
      see((await mustStart()).output);

      const acknowledged = writer.end();
      const facts = await watch.end();
      see(
        `${facts.samples} samples: away at once ${facts.mostAway.join(", ")}; order ${facts.order.join(", ")}; fewest ready pods ` +
          `${facts.fewestReady}, etcd voters ${facts.fewestVoters}; longest gap of the API ${facts.longestGapSeconds.toFixed(1)} s`,
      );
      assert.equal(facts.mostAway.length, 1);
      assert.deepEqual(facts.order, NODES);
      assert.ok(facts.fewestReady >= 1);
      assert.ok(facts.fewestVoters >= 2);
      assert.ok(facts.longestGapSeconds < GAP_LIMIT_SECONDS);
      assertAsPlanned(facts, see);
      assert.equal(await kubeletStart("cp-1"), first, "cp-1 was touched twice");
      await assertUpgraded();
      await assertKept(await acknowledged, see);

      const again = await mustStart();
      assert.match(again.output, /The local platform is up already/);
      file.edit((document) => shape(document, FROM));
      const back = await start();
      assert.match(
        back.output,
        /versions\.kubernetes 1\.27\.3 can't replace the 1\.27\.4 that runs: Kubernetes has no way back/,
      );
      file.edit((document) => {
        shape(document, TO);
        addNode(document, "worker-3", "worker", "10.78.0.23");
      });
      await loseMachine("cp-3");
      see((await mustStart()).output);
      assert.deepEqual(await versions(), [...NODES, "worker-3"].map((name) => `${name} ${TO}`).sort());
      await assertSameImages(["cp-3", "worker-3"], see);
      await assertSwappedKubeletIsDrift(see);
      return `${NODES.length} nodes upgraded, longest gap of the API ${facts.longestGapSeconds.toFixed(1)} s`;
    });
  },
};

function shape(document: Document.Parsed, version: string): void {
  document.setIn(["config", "gitops-platform:versions", "kubernetes"], version);
  document.setIn(["config", "gitops-platform:drain"], { timeoutSeconds: 30 });
  addControlPlanes(document);
}

async function versions(): Promise<readonly string[]> {
  const { items } = await kubectlJson<{
    items: { metadata: { name: string }; status: { nodeInfo: { kubeletVersion: string } } }[];
  }>("get", "nodes");
  return items.map(({ metadata, status }) => `${metadata.name} ${status.nodeInfo.kubeletVersion.slice(1)}`).sort();
}

async function kubeletStart(node: string): Promise<string> {
  const { output } = await on(node, "systemctl show --property=ActiveEnterTimestampMonotonic --value kubelet");
  assert.match(output, /^\d+$/m);
  return output.trim();
}

/** Every part of Kubernetes, as the cluster runs it, is of the version. */
async function assertUpgraded(): Promise<void> {
  assert.deepEqual(await versions(), NODES.map((name) => `${name} ${TO}`).sort());
  const images = await kubectl(
    "get",
    "pods",
    "-n",
    "kube-system",
    "-o",
    "jsonpath={.items[*].spec.containers[*].image}",
  );
  const parts = images
    .split(" ")
    .filter((image) => /\/kube-(apiserver|controller-manager|scheduler|proxy):/.test(image));
  assert.equal(parts.length, CONTROL_PLANES.length * 3 + NODES.length);
  for (const image of parts) assert.ok(image.endsWith(`:v${TO}`), image);
  const config = await kubectl(
    "get",
    "cm",
    "kubeadm-config",
    "-n",
    "kube-system",
    "-o",
    "jsonpath={.data.ClusterConfiguration}",
  );
  assert.match(config, new RegExp(`^kubernetesVersion: v${TO}$`, "m"));
}

/** Of those that had their turn without a kill and without a budget in the way. */
function assertAsPlanned({ secondsAway }: RollingFacts, see: (line: string) => void): void {
  for (const [node, planned] of [
    ["cp-3", UPGRADE_SECONDS["control-plane"]],
    ["worker-2", UPGRADE_SECONDS.worker],
  ] as const) {
    const seconds = secondsAway(node);
    see(`${node} was away for ${seconds.toFixed(0)} s, the plan says about ${planned} s`);
    assert.ok(seconds > planned / 2 - 2 * LOOK_SECONDS && seconds < planned * 2, `${node} was away for ${seconds} s`);
  }
}

/** Nodes that joined after the upgrade have each image by the digest that the others have. */
async function assertSameImages(joined: readonly string[], see: (line: string) => void): Promise<void> {
  interface Pod {
    readonly spec: { readonly nodeName: string };
    readonly status: { readonly containerStatuses?: readonly { readonly image: string; readonly imageID: string }[] };
  }
  const { items } = await kubectlJson<{ items: Pod[] }>("get", "pods", "--namespace", "kube-system");
  const seen = items.flatMap(({ spec, status }) =>
    (status.containerStatuses ?? []).map((container) => ({ node: spec.nodeName, ...container })),
  );
  const others = new Map(
    seen.filter(({ node }) => !joined.includes(node)).map(({ image, imageID }) => [image, imageID]),
  );
  const fresh = seen.filter(({ node, image }) => joined.includes(node) && others.has(image));
  assert.ok(
    fresh.length >= joined.length * 2 + 4,
    `${fresh.length} containers run on the new nodes: the check is blind`,
  );
  for (const { node, image, imageID } of fresh) {
    assert.match(imageID, /@sha256:[0-9a-f]{64}$/, `${node}: ${image}`);
    assert.equal(imageID, others.get(image), `${node} runs another ${image}`);
  }
  see(`${joined.join(" and ")} joined at ${TO}, their ${fresh.length} images by the others' digests`);
}

const redis = (command: string): Promise<string> =>
  kubectl(
    ...["exec", "-n", "store", "store-0", "-c", "redis", "--", "sh", "-c"],
    `REDISCLI_AUTH=$(cat /run/secrets/store/password) redis-cli ${command}`,
  );

/** Writes to the store until it is ended, and remembers what was acknowledged. */
class Writer {
  private readonly acknowledged: number[] = [];
  private going = true;
  private readonly loop = this.write();

  private async write(): Promise<void> {
    for (let value = 1; this.going; value += 1) {
      const answer = await redis(`sadd drill-upgrade ${value}`).catch(() => "");
      if (answer.trim() === "1") this.acknowledged.push(value);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async end(): Promise<readonly number[]> {
    this.going = false;
    await this.loop;
    return this.acknowledged;
  }
}

async function assertKept(acknowledged: readonly number[], see: (line: string) => void): Promise<void> {
  assert.ok(acknowledged.length > 20, `the store acknowledged ${acknowledged.length} writes: the check is blind`);
  const { value } = await eventually("the store answers", 120, () => redis("smembers drill-upgrade"));
  const kept = new Set(value.trim().split("\n").map(Number));
  assert.deepEqual(
    acknowledged.filter((written) => !kept.has(written)),
    [],
    "acknowledged writes were lost",
  );
  see(`all ${acknowledged.length} acknowledged writes of the store are there`);
}

/** A kubelet that was replaced by hand still runs its old file; only the comparison of files shows it. */
async function assertSwappedKubeletIsDrift(see: (line: string) => void): Promise<void> {
  const swapped = await on(
    "worker-3",
    "cp -a /usr/local/bin/kubelet /run/kubelet && sed -i '$ a #' /usr/local/bin/kubelet",
  );
  assert.equal(swapped.exitCode, 0, swapped.output);
  const { exitCode, output } = await run("npm", ["run", "--silent", "drift", "--", "local"]);
  assert.equal(exitCode, 7, output);
  assert.match(output, /worker-3.*\/usr\/local\/bin\/kubelet/s);
  see(`a kubelet that was swapped by hand is drift`);
  await on("worker-3", "mv /run/kubelet /usr/local/bin/kubelet");
  // The file is the installed one again; the process still runs what was there when it started.
  const restored = await run("npm", ["run", "--silent", "drift", "--", "local"]);
  assert.equal(restored.exitCode, 7, restored.output);
  assert.match(restored.output, /worker-3 +service kubelet: program .*systemctl restart kubelet/);
  await on("worker-3", "systemctl restart kubelet");
  await must("npm", ["run", "--silent", "drift", "--", "local"]);
  assert.equal(configuredMachines().length, NODES.length + 2);
}
