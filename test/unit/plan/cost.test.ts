/** What stands out in a plan, as exact sentences. */
import { describe, expect, it } from "vitest";
import type { Step } from "../../../scripts/stack/plan/digest";
import { exitCodeOf, planOf } from "../../../scripts/stack/plan/plan";
import { digestOf, step } from "./digests";

const THREE = { "cp-1": "control-plane", "cp-2": "control-plane", "cp-3": "control-plane", "worker-1": "worker" };
const LOCAL = "gitops-platform:machines:LocalMachine";
const GUEST_TYPE = "gitops-platform:machines:LibvirtMachine";
const CLUSTER = "gitops-platform:kubernetes:KubernetesCluster";
const GATE = "gitops-platform:disk-gate:DiskGate";

const costs = (nodes: Readonly<Record<string, string>>, ...steps: readonly Step[]): readonly string[] =>
  planOf("test", digestOf(nodes, steps)).costs;
const replaced = (node: string): Step => step("replace", [LOCAL, "command:local:Command"], `${node}-container`);
const scripted = (types: readonly string[], name: string, before: string, after: string): Step => {
  const state = (stdin: string) => ({ type: types.at(-1) ?? "", custom: true, inputs: { stdin } });
  return step("update", types, name, {
    oldState: state(before),
    newState: state(after),
    detailedDiff: { stdin: { kind: "update" } },
  });
};

describe("machines", () => {
  it("a replaced worker loses its disk", () => {
    expect(costs(THREE, replaced("worker-1"))).toEqual([
      "worker-1 is replaced: its disk is lost; its pods move to other nodes.",
    ]);
  });

  it("one of three control planes loses its etcd member, and the data stays", () => {
    expect(costs(THREE, replaced("cp-2"))).toEqual([
      "cp-2 is replaced: its disk is lost; its etcd member is lost, the others keep the data.",
    ]);
  });

  it("two of three take the majority with them, and that comes first", () => {
    expect(costs(THREE, replaced("worker-1"), replaced("cp-1"), replaced("cp-3"))).toEqual([
      "The cluster's data is lost: 2 of 3 etcd members would go, and etcd needs 2 to keep a majority. What is in Git " +
        "comes back, what is only in the cluster does not (docs/runbooks/lost-cluster.md).",
      "cp-1 is replaced: its disk is lost; its etcd member is lost.",
      "cp-3 is replaced: its disk is lost; its etcd member is lost.",
      "worker-1 is replaced: its disk is lost; its pods move to other nodes.",
    ]);
  });

  it("the only control plane is the cluster's data", () => {
    expect(costs({ "cp-1": "control-plane" }, replaced("cp-1"))[0]).toMatch(/^The cluster's data is lost: 1 of 1 etcd/);
  });

  it("a control plane that is taken away was one, though the configuration has forgotten it", () => {
    const found = costs(
      { "cp-1": "control-plane", "cp-2": "control-plane" },
      step("delete", ["gitops-platform:machines:AdoptedMachine"], "cp-3"),
      step("delete", [CLUSTER, "command:remote:Command"], "test-cp-3-join"),
      step("delete", [GATE, "command:remote:Command"], "disk-gate-cp-3"),
    );
    expect(found).toEqual([
      "cp-3 leaves the cluster and is reset; the server itself stays; its etcd member is lost, the others keep the data.",
    ]);
  });

  it("a worker that shared a disk was no control plane, and what was measured together goes without a word", () => {
    const found = costs(
      { "cp-1": "control-plane" },
      step("delete", [GUEST_TYPE], "worker-2"),
      step("delete", [GUEST_TYPE, "command:remote:Command"], "worker-2-guest"),
      step("delete", [GATE, "command:remote:Command"], "disk-gate-worker-2-together"),
      step("delete", [GATE, "command:remote:Command"], "disk-gate-cp-1-together"),
    );
    expect(found).toEqual(["worker-2 is deleted with its disk; its pods move to other nodes."]);
  });

  it("another host key is another server", () => {
    const prepare = [CLUSTER, "command:remote:Command"];
    const found = costs(
      THREE,
      scripted(prepare, "test-cp-2-prepare", "export RERUN_ON='key-1'\n", "export RERUN_ON='key-2'\n"),
    );
    expect(found).toEqual([
      "cp-2 has another host key: it is another server, which is set up anew; its etcd member is lost, the others keep the data.",
    ]);
  });

  it("a machine that is made, or told something new, costs nothing", () => {
    const prepare = [CLUSTER, "command:remote:Command"];
    const told = scripted(prepare, "test-cp-2-prepare", "export LIMIT='1'\n", "export LIMIT='2'\n");
    expect(costs(THREE, step("create", [LOCAL], "worker-1"), told)).toEqual([]);
  });
});

describe("guests", () => {
  const LIBVIRT = [GUEST_TYPE, "command:remote:Command"];
  const guest = (node: string, before: string, after: string): Step => {
    const commands = (note: string) => {
      const run = (verb: string) => `timeout --kill-after=15 2400 bash -s -- ${verb}${note}`;
      return { create: run("apply"), update: run("change"), delete: run("destroy"), stdin: "[secret]" };
    };
    const state = (note: string) => ({ type: "command:remote:Command", custom: true, inputs: commands(note) });
    const paths = before === after ? ["stdin"] : ["create", "delete", "stdin", "update"];
    return step("update", LIBVIRT, `${node}-guest`, {
      oldState: state(before),
      newState: state(after),
      detailedDiff: Object.fromEntries(paths.map((path) => [path, { kind: "update" }])),
    });
  };
  const note = (mebibytes: number, hypervisor = "hv-1"): string =>
    ` # on ${hypervisor}: 4 vCPUs, ${mebibytes} MiB; a change of either shuts the guest down and starts it again`;

  it("another size is said once, and is a restart", () => {
    const plan = planOf("test", digestOf(THREE, [guest("cp-2", note(8192), note(12288))]));
    expect(plan.costs).toEqual(["cp-2 is shut down and started again: its etcd member is away meanwhile."]);
    expect(plan.groups[0]?.changes[0]?.details).toEqual([
      "on hv-1: 4 vCPUs, 8192 MiB → on hv-1: 4 vCPUs, 12288 MiB",
      "its script (secret)",
    ]);
  });

  it("most control planes at once are an outage, which comes first", () => {
    expect(costs(THREE, ...["cp-1", "cp-2", "worker-1"].map((node) => guest(node, note(1), note(2))))).toEqual([
      "The cluster's API is away for a while: 2 of 3 etcd members go down at once, and etcd needs 2; change one control " +
        "plane at a time.",
      "cp-1 is shut down and started again: its etcd member is away meanwhile.",
      "cp-2 is shut down and started again: its etcd member is away meanwhile.",
      "worker-1 is shut down and started again: its pods are away meanwhile.",
    ]);
    expect(costs(THREE, replaced("cp-1"), guest("cp-2", note(1), note(2)))).toEqual([
      "cp-1 is replaced: its disk is lost; its etcd member is lost, the others keep the data.",
      "The cluster's API is away for a while: 2 of 3 etcd members go down at once, and etcd needs 2; change one control " +
        "plane at a time.",
      "cp-2 is shut down and started again: its etcd member is away meanwhile.",
    ]);
  });

  it("another hypervisor is refused later, and what only the secret script knows may be a restart", () => {
    const other = note(1, "hv-2");
    expect(
      costs(THREE, guest("cp-1", note(1), other), guest("cp-2", other, other), guest("cp-3", "", note(1))),
    ).toEqual([
      "cp-1 would move from hv-1 to hv-2, which an update refuses (docs/guides/hypervisor.md).",
      "The secret script of these guests changes: cp-2, cp-3. A guest whose io or mac is what changes is shut down and started again.",
    ]);
  });
});

describe("gates", () => {
  const gate = [GATE, "command:remote:Command"];
  it("a deleted or replaced one measures again or no more", () => {
    expect(costs(THREE, step("delete", gate, "disk-gate-cp-1"), step("replace", gate, "disk-gate-cp-2"))).toEqual([
      "The disk gate of cp-1 is deleted: its kept measurement is lost.",
      "The disk gate of cp-2 is replaced: its disk is measured again.",
    ]);
  });

  it("a higher limit or an override stands out; a lower limit does not", () => {
    const limit = (name: string, from: number, to: number): Step =>
      scripted(gate, name, `export LIMIT_NS='${from}000000'\n`, `export LIMIT_NS='${to}000000'\n`);
    const override = scripted(
      gate,
      "disk-gate-cp-3",
      "export OVERRIDE_REASON=''\n",
      "export OVERRIDE_REASON='a trial'\n",
    );
    expect(costs(THREE, limit("disk-gate-cp-1", 10, 20), limit("disk-gate-cp-2", 10, 5), override)).toEqual([
      "The disk gate of cp-1 lets slower disks pass: 10 ms → 20 ms.",
      "The disk gate of cp-3 is overridden, a slow disk passes: “a trial”.",
    ]);
  });
});

describe("keys and what holds other things", () => {
  it.each([
    [
      step("delete", ["gitops-platform:gitops:SealedSecrets", "kubernetes:core/v1:Secret"], "sealed-secrets-key-1"),
      "The sealing key sealed-secrets-key-1 is deleted: what is sealed with it in Git can't be opened by the cluster any " +
        "more; seal it again with a key that stays first.",
    ],
    [
      step(
        "replace",
        [LOCAL, "gitops-platform:machines:HostKey", "random:index/randomPassword:RandomPassword"],
        "cp-1-host-key-seed",
      ),
      "The host key of cp-1 is replaced: whoever pinned the old one is refused a connection.",
    ],
    [
      step("replace", ["gitops-platform:gitops:ArgoCd", "random:index/randomPassword:RandomPassword"], "argocd-admin"),
      "The secret argocd-admin is replaced: whoever uses its old value is refused.",
    ],
    [
      step("replace", ["pulumi:providers:kubernetes"], "kubernetes"),
      "The connection to the cluster (kubernetes) is replaced: every object of the stack in it is made anew.",
    ],
    [
      step("delete", ["gitops-platform:gitops:ArgoCd", "kubernetes:core/v1:Namespace"], "argocd-namespace"),
      "The namespace argocd-namespace is deleted: everything in it goes.",
    ],
    [
      step("delete", ["kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"], "argocd-applications"),
      "The definition argocd-applications is deleted: every object of its kind goes.",
    ],
  ])("%#", (change, sentence) => {
    expect(costs(THREE, change)).toEqual([sentence]);
  });

  it.each([
    [
      [LOCAL, "gitops-platform:machines:HostKey", "random:index/randomPassword:RandomPassword"],
      "cp-1-host-key-seed",
      "The host key of cp-1 is not protected any more: an update may delete or replace it.",
    ],
    [
      ["gitops-platform:gitops:SealedSecrets", "kubernetes:core/v1:Secret"],
      "sealed-secrets-key-1",
      "The sealing key sealed-secrets-key-1 is not protected any more: an update may delete or replace it.",
    ],
  ])("protection that is taken off is an update, which the engine calls the same: %#", (types, name, sentence) => {
    const state = (protect: boolean) => ({ type: types.at(-1) ?? "", custom: true, protect });
    const digest = (from: boolean, to: boolean) =>
      digestOf(THREE, [step("same", types, name, { oldState: state(from), newState: state(to) })]);
    const off = planOf("test", digest(true, false));
    expect(off.costs).toEqual([sentence]);
    expect(off.groups.map(({ changes }) => changes.map(({ details }) => details))).toEqual([
      [["protection: on → off"]],
    ]);
    expect(exitCodeOf(off)).toBe(7);
    const on = planOf("test", digest(false, true));
    expect([on.costs, on.counts.update]).toEqual([[], 1]);
    expect(exitCodeOf(planOf("test", digest(true, true)))).toBe(0);
  });

  it("a component is as protected as what is in it, which is what counts", () => {
    const state = (protect: boolean) => ({ type: "gitops-platform:machines:HostKey", custom: false, protect });
    const types = [LOCAL, "gitops-platform:machines:HostKey"];
    const changed = step("same", types, "cp-1-host-key", { oldState: state(true), newState: state(false) });
    expect(planOf("test", digestOf(THREE, [changed]))).toMatchObject({ costs: [], groups: [] });
  });

  it("the halves of one replacement are one", () => {
    const types = ["random:index/randomPassword:RandomPassword"];
    const halves = ["create-replacement", "replace", "delete-replaced"].map((op) => step(op, types, "one"));
    expect(planOf("test", digestOf(THREE, halves)).counts).toEqual({ create: 0, update: 0, replace: 1, delete: 0 });
  });
});
