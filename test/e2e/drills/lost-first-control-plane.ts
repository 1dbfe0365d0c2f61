import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { parseDocument, type YAMLSeq } from "yaml";
import { paths } from "../../../scripts/lib/paths";
import type { Drill } from "../drill";
import { eventually, kubectl, kubectlJson, mustStart, on, pulumi, start } from "../platform";
import { addControlPlanes, addNode, loseMachine } from "../rolling-cluster";
import { RollingWatch } from "../rolling-watch";
import { StackFile } from "../stack-file";

const CONTROL_PLANES = ["cp-1", "cp-2", "cp-3"];
const GAP_LIMIT_SECONDS = 10;

/** `kubectl` on a machine, which fails when it is to remove a member of etcd. */
const BROKEN_KUBECTL = `#!/bin/bash
case " $* " in *" member remove "*) echo "injected by the drill" >&2; exit 1 ;; esac
exec /run/drill-kubectl "$@"
`;

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string };
  readonly spec?: { readonly nodeName?: string };
}

export const lostFirstControlPlane: Drill = {
  name: "lost-first-control-plane",
  promise: "the first of three control planes is like any other: lost, replaced, moved in the list and taken away",
  needs: "nothing",
  minutes: 14,
  inTest: false,
  run: async (see) =>
    StackFile.edited(async (file) => {
      file.edit((document) => addControlPlanes(document));
      see((await mustStart()).output);
      const before = await objects();
      const watch = await RollingWatch.begin(CONTROL_PLANES, "worker-2");

      await loseMachine("cp-1");
      await addWorkerMeanwhile(see);

      file.edit((document) => {
        addControlPlanes(document);
        addNode(document, "worker-3", "worker", "10.78.0.23");
      });
      const repaired = await mustStart();
      see(repaired.output);
      assert.match(repaired.output, /cp-1 is lost; replacing it/);
      const facts = await watch.end();
      see(`longest gap of the API through a node's proxy ${facts.longestGapSeconds.toFixed(1)} s`);
      assert.ok(facts.longestGapSeconds < GAP_LIMIT_SECONDS);
      await assertMembers("cp-2", CONTROL_PLANES);
      await assertKept(before, see);

      file.edit((document) => {
        addControlPlanes(document);
        addNode(document, "worker-3", "worker", "10.78.0.23");
        (document.getIn(["config", "gitops-platform:nodes"]) as YAMLSeq).items.reverse();
      });
      assert.match((await mustStart()).output, /The local platform is up already/);
      see("another order of the nodes changes nothing");

      file.edit((document) => {
        const nodes = document.getIn(["config", "gitops-platform:nodes"]) as YAMLSeq;
        nodes.items.splice(0, 1);
        addNode(document, "cp-3", "control-plane", "10.78.0.13", 0);
        addNode(document, "worker-3", "worker", "10.78.0.23");
      });
      await breakEtcdctl("cp-2");
      const stopped = await start();
      assert.notEqual(stopped.exitCode, 0, "a member that could not be removed did not stop the update");
      assert.match(stopped.output, /can't remove the etcd member/);
      for (const name of CONTROL_PLANES) assert.equal((await on(name, "true")).exitCode, 0, `${name} is gone`);
      see("an etcdctl that fails stops it, and no machine is gone");
      await mendEtcdctl("cp-2");
      see((await mustStart()).output);
      await assertMembers("cp-3", ["cp-3"]);
      await assertKept(before, see);
      return `longest gap of the API ${facts.longestGapSeconds.toFixed(1)} s`;
    }),
};

/** An update that knows nothing of the loss: what concerns the dead machine fails, and everything else is done. */
async function addWorkerMeanwhile(see: (line: string) => void): Promise<void> {
  const document = parseDocument(readFileSync(paths.stackFile, "utf8"));
  addNode(document, "worker-3", "worker", "10.78.0.23");
  writeFileSync(paths.stackFile, document.toString());
  const updated = await pulumi("up", "--yes", "--skip-preview", "--continue-on-error");
  assert.notEqual(updated.exitCode, 0, "an update that can't reach a machine ended well");
  assert.match(updated.output, /cp-1-firewall/);
  await eventually("the new worker is Ready", 60, async () => {
    const { exitCode, output } = await on(
      "cp-2",
      "kubectl --kubeconfig /etc/kubernetes/admin.conf wait --for=condition=Ready --timeout=5s node/worker-3",
    );
    assert.equal(exitCode, 0, output);
  });
  see(`worker-3 joined while cp-1 was gone; the update took ${updated.seconds.toFixed(0)} s`);
}

/** What is in the cluster: pods that are not on the lost machine, and what outlives machines. */
async function objects(): Promise<ReadonlyMap<string, string>> {
  const kinds =
    "deployments,statefulsets,daemonsets,configmaps,secrets,applications.argoproj.io,pods,persistentvolumes";
  const { items } = await kubectlJson<{ items: Item[] }>("get", kinds, "--all-namespaces");
  const [others, pods] = [items.filter(({ kind }) => kind !== "Pod"), items.filter(({ kind }) => kind === "Pod")];
  const stays = ({ metadata, spec }: Item): boolean =>
    spec?.nodeName?.startsWith("worker-") === true && metadata.namespace !== "kube-system";
  // Bootstrap tokens and uploaded certificates are made for each node that joins.
  const lasting = others.filter(({ metadata }) => !/^(bootstrap-token-|kubeadm-certs$)/.test(metadata.name));
  const named = [...lasting, ...pods.filter(stays)].map(
    ({ kind, metadata: { name, namespace = "", uid } }) => [`${kind} ${namespace}/${name}`, uid] as const,
  );
  assert.ok(named.length > 60, `the cluster has ${named.length} objects: the check is blind`);
  return new Map(named);
}

async function assertKept(before: ReadonlyMap<string, string>, see: (line: string) => void): Promise<void> {
  const after = await objects();
  const changed = [...before].filter(([name, uid]) => after.get(name) !== uid).map(([name]) => name);
  assert.deepEqual(changed, [], "objects were made anew");
  see(`all ${before.size} objects are the same ones`);
}

/** etcd's voters are these, all healthy, and so are the control planes' Nodes. */
async function assertMembers(asked: string, names: readonly string[]): Promise<void> {
  const etcdctl =
    `kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system exec etcd-${asked} -- etcdctl ` +
    "--cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt --key /etc/kubernetes/pki/etcd/server.key";
  await eventually("etcd's members are those of the stack", 60, async () => {
    const { output } = await on(asked, `${etcdctl} member list`);
    const members = output
      .trim()
      .split("\n")
      .map((line) => line.split(", "));
    assert.deepEqual(members.map((fields) => fields[2]).sort(), [...names].sort(), output);
    assert.ok(
      members.every((fields) => fields[5] === "false"),
      output,
    );
    const health = await on(asked, `${etcdctl} endpoint health --cluster 2>&1`);
    assert.equal(health.output.match(/is healthy/g)?.length, names.length, health.output);
  });
  const nodes = await kubectl("get", "nodes", "-l", "node-role.kubernetes.io/control-plane", "-o", "name");
  assert.deepEqual(nodes.trim().split("\n").sort(), names.map((name) => `node/${name}`).sort());
}

async function breakEtcdctl(node: string): Promise<void> {
  const { exitCode, output } = await on(
    node,
    `cp -a /usr/local/bin/kubectl /run/drill-kubectl && cat >/usr/local/bin/kubectl <<'SH'\n${BROKEN_KUBECTL}SH\n`,
  );
  assert.equal(exitCode, 0, output);
}

async function mendEtcdctl(node: string): Promise<void> {
  const { exitCode, output } = await on(node, "mv /run/drill-kubectl /usr/local/bin/kubectl");
  assert.equal(exitCode, 0, output);
}
