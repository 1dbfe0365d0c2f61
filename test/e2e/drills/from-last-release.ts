import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { root } from "../../../scripts/lib/paths";
import type { Drill } from "../drill";
import { kubectlBinary, must, run, type Ran } from "../platform";

/** The last release before this one. */
const RELEASE = "v0.1.0";
const MACHINE = join(root, "components/machines/local/machine.sh");
/** A local platform of 0.1.0 has machines without nftables. */
const REASON = "machines of 0.1.0 have no nftables";
const NODES = ["cp-1", "worker-1", "worker-2"];

export const fromLastRelease: Drill = {
  name: "from-last-release",
  promise: `a platform that ${RELEASE} made goes on with this version: nothing is replaced, and only what the plan names restarts`,
  needs: "nothing",
  minutes: 6,
  inTest: false,
  run: async (see) => {
    const clone = new Clone(mkdtempSync(join(tmpdir(), "gitops-platform-release-")));
    try {
      const head = (await must("git", ["rev-parse", "HEAD"])).trim();
      await clone.checkOut(RELEASE);
      see((await clone.npm("start", "--silent")).output);
      const before = await clone.look();

      await clone.checkOut(head);
      clone.leaveFirewallOut();
      const preview = await clone.npm("run", "--silent", "pulumi", "--", "preview");
      assert.match(preview.output, /\d+ to update/);
      assert.doesNotMatch(preview.output, /to replace|to delete/, preview.output);
      const plan = await clone.plan();
      see(plan.output);
      see((await clone.npm("start", "--silent")).output);
      assertKept(before, await clone.look(), plan.output, see);

      const again = await clone.npm("start", "--silent");
      assert.match(again.output, /The local platform is up already/);
      return `${before.pods.size} pods of ${RELEASE}'s platform are the same ones`;
    } finally {
      await clone.remove();
    }
  },
};

interface Look {
  /** UID and restarts of each pod, by namespace and name. */
  readonly pods: ReadonlyMap<string, string>;
  /** When each node's machine has booted and its kubelet started. */
  readonly nodes: ReadonlyMap<string, { readonly boot: string; readonly kubelet: string }>;
}

/**
 * What the plan announces: Argo CD's pods, because the stack files differ in its settings; the pod network's; and the static pods
 * of a control plane, which gets hardened in its turn.
 */
const ANNOUNCED =
  /^argocd\/|^kube-flannel\/|^kube-system\/kube-(router-.*|(apiserver|controller-manager|scheduler)-cp-1)$/;

/** @param plan which names the nodes whose machine or kubelet may restart */
function assertKept(before: Look, after: Look, plan: string, see: (line: string) => void): void {
  const named = (sentence: RegExp): string => sentence.exec(plan)?.[0] ?? "";
  const machines = named(/machines restart[^:]*:[^.]*/);
  const kubelets = named(/each node's kubelet restarts in its turn/) === "" ? "" : NODES.join();
  for (const [node, { boot, kubelet }] of before.nodes) {
    const now = after.nodes.get(node);
    const rebooted = now?.boot !== boot;
    if (rebooted) assert.ok(machines.includes(node), `${node} has restarted, and the plan did not name it:\n${plan}`);
    else if (now.kubelet !== kubelet)
      assert.ok(kubelets.includes(node), `the kubelet of ${node} has restarted:\n${plan}`);
    else continue;
    see(`the ${rebooted ? "machine" : "kubelet"} of ${node} has restarted in its turn`);
  }
  const others = [...before.pods].filter(([name, seen]) => after.pods.get(name) !== seen).map(([name]) => name);
  see(`other pods, or restarted: ${others.join(", ") || "none"}`);
  assert.ok(before.pods.size > 20, `${before.pods.size} pods were seen: the check is blind`);
  assert.deepEqual(
    others.filter((name) => !ANNOUNCED.test(name)),
    [],
  );
}

/** This repository in a directory of its own, at one revision after the other, with a local platform. */
class Clone {
  constructor(private readonly directory: string) {}

  async checkOut(revision: string): Promise<void> {
    const git = (...args: string[]): Promise<string> => must("git", args, { cwd: this.directory });
    if ((await run("git", ["rev-parse", "--git-dir"], { cwd: this.directory })).exitCode !== 0)
      await must("git", ["clone", "--quiet", root, this.directory]);
    await git("checkout", "--quiet", "--force", revision);
  }

  async npm(...args: string[]): Promise<Ran> {
    const ran = await run("npm", args, { cwd: this.directory });
    if (ran.exitCode !== 0) throw new Error(`npm ${args.join(" ")} ended with ${ran.exitCode}:\n${ran.output}`);
    return ran;
  }

  /** The plan of an update that changes something. */
  async plan(): Promise<Ran> {
    const ran = await run("npm", ["run", "--silent", "preview", "--", "local"], { cwd: this.directory });
    assert.equal(ran.exitCode, 7, ran.output);
    return ran;
  }

  leaveFirewallOut(): void {
    const file = join(this.directory, "Pulumi.local.yaml");
    const document = parseDocument(readFileSync(file, "utf8"));
    document.setIn(["config", "gitops-platform:network", "withoutFirewall"], { reason: REASON });
    writeFileSync(file, document.toString());
  }

  async look(): Promise<Look> {
    const { items } = JSON.parse(
      await must(kubectlBinary, [
        ...["--kubeconfig", join(this.directory, ".local/kubeconfig"), "--request-timeout=15s"],
        ...["get", "pods", "--all-namespaces", "--output", "json"],
      ]),
    ) as { items: Pod[] };
    const nodes = NODES.map(async (node) => {
      const shown = await this.on(
        node,
        "systemctl show --property=UserspaceTimestampMonotonic --value; " +
          "systemctl show --property=ActiveEnterTimestampMonotonic --value kubelet",
      );
      assert.match(shown, /^\d+\n\d+$/);
      const [boot = "", kubelet = ""] = shown.split("\n");
      return [node, { boot, kubelet }] as const;
    });
    return { pods: new Map(items.map(describe)), nodes: new Map(await Promise.all(nodes)) };
  }

  private async on(machine: string, script: string): Promise<string> {
    const pid = (await must("bash", [MACHINE, "pid", machine, join(this.directory, ".local/machines")])).trim();
    return must("nsenter", ["--target", pid, "--all", "bash", "-c", script]);
  }

  async remove(): Promise<void> {
    await this.npm("stop", "--silent");
    rmSync(this.directory, { recursive: true });
  }
}

interface Pod {
  readonly metadata: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly status: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
}

function describe({ metadata, status }: Pod): readonly [string, string] {
  const restarts = (status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
  return [`${metadata.namespace}/${metadata.name}`, `${metadata.uid} restarted ${restarts}`];
}
