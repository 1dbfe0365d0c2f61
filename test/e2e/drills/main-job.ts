import assert from "node:assert/strict";
import type { Drill } from "../drill";
import { configuredMachines, kubectl, kubectlJson, mustStart, pulumi } from "../platform";

/** The limit that a start with the mirror built has to keep on two quiet cores, in seconds. */
const START_LIMIT_SECONDS = 120;
const AGAIN_LIMIT_SECONDS = 15;

interface Named {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly sync?: { readonly status: string };
    readonly health?: { readonly status: string };
  };
}

export const mainJob: Drill = {
  name: "main-job",
  promise: "npm start brings up the whole platform, and again changes nothing",
  needs: "nothing",
  run: async (see) => {
    const first = await mustStart();
    see(first.output);
    assert.match(first.output, /The local platform is up \(/);
    const version = await kubectlJson<{ serverVersion: { gitVersion: string } }>("version");
    assert.match(version.serverVersion.gitVersion, /^v1\.27\./);

    const nodes = await kubectlJson<{ items: readonly Named[] }>("get", "nodes");
    const expected = configuredMachines().filter(({ role }) => role !== "hub");
    assert.deepEqual(nodes.items.map(({ metadata }) => metadata.name).sort(), expected.map(({ name }) => name).sort());
    for (const node of nodes.items) {
      const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
      assert.equal(ready?.status, "True", `${node.metadata.name} is not Ready`);
    }

    const root = await kubectlJson<{ spec: Record<string, unknown> }>(
      "get",
      "application",
      "infrastructure-root",
      "-n",
      "argocd",
    );
    assert.deepEqual(root.spec, {
      project: "default",
      source: {
        repoURL: (root.spec.source as { repoURL: string }).repoURL,
        targetRevision: "HEAD",
        path: "applications",
      },
      destination: { server: "https://kubernetes.default.svc", namespace: "argocd" },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    });
    see("the root Application's spec is the mission's, field by field");

    const applications = await kubectlJson<{ items: readonly Named[] }>("get", "applications", "-n", "argocd");
    assert.ok(applications.items.length >= 3, "the root has at least two children");
    for (const { metadata, status } of applications.items)
      assert.deepEqual(
        [metadata.name, status?.sync?.status, status?.health?.status],
        [metadata.name, "Synced", "Healthy"],
      );
    await kubectl("get", "secret", "database-creds", "-n", "credentials");
    see("every Application is Synced and Healthy, and the SealedSecret has become a Secret");

    const again = await mustStart();
    assert.match(again.output, /is up already/);
    assert.ok(again.seconds < AGAIN_LIMIT_SECONDS, `the second start took ${again.seconds.toFixed(1)} s`);
    const up = await pulumi("up", "--yes", "--expect-no-changes", "--skip-preview");
    assert.equal(up.exitCode, 0, up.output);
    assert.ok(
      first.seconds < START_LIMIT_SECONDS,
      `the start took ${first.seconds.toFixed(1)} s, need < ${START_LIMIT_SECONDS} s`,
    );
    return `up in ${first.seconds.toFixed(1)} s, again in ${again.seconds.toFixed(1)} s`;
  },
};
