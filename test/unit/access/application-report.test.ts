import { describe, expect, it } from "vitest";
import { renderApplications } from "../../../scripts/stack/access/application-report";
import type { Pod } from "../../../scripts/stack/access/pod-trouble";
import type { Application } from "../../../scripts/stack/access/applications";

/* Does not prove that a cluster is asked: the local platform with a broken repository does. */

function application(name: string, status: Application["status"]): Application {
  return { metadata: { name }, ...(status ? { status } : {}) };
}

const live = { sync: { status: "Synced" }, health: { status: "Healthy" } };
const none = new Map<string, readonly Pod[]>();
const root = application("infrastructure-root", {
  sync: { status: "Synced" },
  health: { status: "Progressing" },
  resources: [{ kind: "Application", name: "web", health: { status: "Degraded" } }],
});

describe("the Applications of a failed update", () => {
  it("are none when all are live, or when there are none", () => {
    expect(renderApplications([application("web", live)], none)).toEqual([]);
    expect(renderApplications([], none)).toEqual([]);
  });

  it("are named with Argo CD's reasons, the children of the root once", () => {
    const web = application("web", {
      sync: { status: "OutOfSync" },
      health: { status: "Degraded", message: "the Application is degraded" },
      conditions: [{ type: "ComparisonError", message: "kustomize:\n  field not declared in schema" }],
      operationState: {
        phase: "Failed",
        message: "one or more objects failed to apply",
        syncResult: {
          resources: [
            { kind: "Secret", name: "plain", status: "SyncFailed", message: "not permitted in project web" },
            { kind: "Service", name: "web", status: "Synced", message: "serverside-applied" },
          ],
        },
      },
      resources: [
        { kind: "Deployment", name: "web", health: { status: "Degraded", message: "exceeded its progress deadline" } },
        { kind: "Service", name: "web", health: { status: "Healthy" } },
        { kind: "ConfigMap", name: "web" },
      ],
    });
    expect(renderApplications([root, application("addons", live), web], none)).toEqual([
      "Application infrastructure-root: Synced, Progressing",
      [
        "Application web: OutOfSync, Degraded",
        "    ComparisonError: kustomize: field not declared in schema",
        "    Secret plain: not applied: not permitted in project web",
        "    Deployment web: Degraded, exceeded its progress deadline",
        "    the Application is degraded",
      ].join("\n"),
      "More: kubectl --namespace argocd describe application infrastructure-root",
    ]);
  });

  it("show a sync that failed as a whole, or hasn't ended", () => {
    const operationState = { phase: "Running", message: "waiting for healthy state of batch/Job/migrate" };
    const [paragraph] = renderApplications([application("web", { operationState })], none);
    expect(paragraph).toBe(
      "Application web: Unknown, Unknown\n    sync Running: waiting for healthy state of batch/Job/migrate",
    );
  });

  it("keep both ends of a long reason, and no password of a repository", () => {
    const message = `rpc error: https://robot:hunter2@git.example.org/infra ${"accumulating resources ".repeat(40)}in File: deployment.yaml`;
    const web = application("web", { conditions: [{ type: "ComparisonError", message }] });
    const [paragraph = ""] = renderApplications([web], none);
    expect(paragraph).toMatch(/^ {4}ComparisonError: rpc error: .* … .*in File: deployment\.yaml$/m);
    expect(paragraph).not.toContain("hunter2");
    expect(paragraph.length).toBeLessThan(560);
  });

  it("give the reasons of the pods in the namespaces of sick objects", () => {
    const container = { name: "web" };
    const pull = { reason: "ImagePullBackOff", message: 'Back-off pulling image "web:0.0.0-nobody"' };
    const pod = (name: string, status: Pod["status"]): Pod => ({
      metadata: { name },
      ...(status ? { status } : {}),
    });
    const pods = [
      pod("web-1", { containerStatuses: [{ ...container, state: { waiting: pull } }] }),
      pod("web-2", { containerStatuses: [{ ...container, state: {} }] }),
      pod("web-3", { containerStatuses: [{ ...container, state: { waiting: { reason: "ContainerCreating" } } }] }),
      pod("web-4", {
        containerStatuses: [
          {
            ...container,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 2 } },
          },
        ],
      }),
      pod("web-5", {
        conditions: [{ type: "PodScheduled", status: "False", message: "0/3 nodes are available" }],
      }),
    ];
    const health = { status: "Progressing", message: "Waiting for rollout to finish" };
    const web = application("web", {
      ...{ sync: { status: "Synced" }, health: { status: "Progressing" } },
      resources: [{ kind: "Deployment", name: "web", namespace: "web", health }],
    });
    const others = [pod("other", { containerStatuses: [{ ...container, state: { waiting: pull } }] })];
    expect(
      renderApplications(
        [web],
        new Map([
          ["web", pods],
          ["other", others],
        ]),
      )[0],
    ).toBe(
      [
        "Application web: Synced, Progressing",
        "    Deployment web: Progressing, Waiting for rollout to finish",
        '    Pod web-1, container web: ImagePullBackOff, Back-off pulling image "web:0.0.0-nobody"',
        "    Pod web-4, container web: CrashLoopBackOff, ended with 2",
        "    Pod web-5: not scheduled: 0/3 nodes are available",
      ].join("\n"),
    );
  });
});
