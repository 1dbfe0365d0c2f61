import { describe, expect, it } from "vitest";
import { renderApplications } from "../../../scripts/stack/access/application-report";
import type { Application } from "../../../scripts/stack/access/applications";

/* Does not prove that a cluster is asked: the local platform with a broken repository does. */

function application(name: string, status: Application["status"]): Application {
  return { metadata: { name }, ...(status ? { status } : {}) };
}

const live = { sync: { status: "Synced" }, health: { status: "Healthy" } };
const root = application("infrastructure-root", {
  sync: { status: "Synced" },
  health: { status: "Progressing" },
  resources: [{ kind: "Application", name: "web", health: { status: "Degraded" } }],
});

describe("the Applications of a failed update", () => {
  it("are none when all are live, or when there are none", () => {
    expect(renderApplications([application("web", live)])).toEqual([]);
    expect(renderApplications([])).toEqual([]);
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
    expect(renderApplications([root, application("addons", live), web])).toEqual([
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
    const [paragraph] = renderApplications([application("web", { operationState })]);
    expect(paragraph).toBe(
      "Application web: Unknown, Unknown\n    sync Running: waiting for healthy state of batch/Job/migrate",
    );
  });

  it("keep both ends of a long reason, and no password of a repository", () => {
    const message = `rpc error: https://robot:hunter2@git.example.org/infra ${"accumulating resources ".repeat(40)}in File: deployment.yaml`;
    const [paragraph = ""] = renderApplications([
      application("web", { conditions: [{ type: "ComparisonError", message }] }),
    ]);
    expect(paragraph).toMatch(/^ {4}ComparisonError: rpc error: .* … .*in File: deployment\.yaml$/m);
    expect(paragraph).not.toContain("hunter2");
    expect(paragraph.length).toBeLessThan(560);
  });
});
