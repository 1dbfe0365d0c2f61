import { describe, expect, it } from "vitest";
import { describeEvent, describeLong, noteState } from "../../../scripts/lib/events";

const STEP =
  "urn:pulumi:local::gitops-platform::gitops-platform:machines:Hypervisor$command:remote:Command::hv-1-check";
const STACK = "urn:pulumi:local::gitops-platform::pulumi:pulumi:Stack::gitops-platform-local";

function errorOf(urn: string, message: string): string | undefined {
  const diagnosticEvent = { urn, message, severity: "error" };
  return describeEvent({ timestamp: 0, diagnosticEvent }, new Map())?.error;
}

describe("an error", () => {
  it("is the sentence of the script that failed, which says where by itself", () => {
    const message = "error: Process exited with status 1: running bash:\n[image] hv-1: has sha256 1, need 2\nmore";
    expect(errorOf(STEP, message)).toBe("[image] hv-1: has sha256 1, need 2");
  });

  it("names the resource where there is no such sentence", () => {
    expect(errorOf(STEP, "dial tcp 10.78.0.30:22: no route to host")).toBe(
      "hv-1-check: dial tcp 10.78.0.30:22: no route to host",
    );
  });

  it("is the kubernetes plugin's reason without its frame", () => {
    const urn = "urn:pulumi:local::gitops-platform::kubernetes:argoproj.io/v1alpha1:Application::root-application";
    const cause = "timed out waiting for the condition";
    const created =
      `resource ${JSON.stringify(urn)} was successfully created, but the Kubernetes API server reported that it failed to ` +
      `fully initialize or become live: ${cause}`;
    const updated =
      'the Kubernetes API server reported that "argocd/infrastructure-root" failed to fully initialize or become live: ' +
      cause;
    for (const message of [created, updated, `1 error occurred:\n\t* ${updated}\n\n`])
      expect(errorOf(urn, message)).toBe(`root-application: didn't fully initialize or become live: ${cause}`);
    const unreachable =
      "failed to read resource state due to unreachable cluster. If the cluster was deleted, you can remove this resource " +
      'from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"';
    expect(errorOf(urn, unreachable)).toBe(
      "root-application: failed to read resource state due to unreachable cluster.",
    );
  });

  it("is the program's own words where the program failed", () => {
    expect(errorOf(STACK, "nodes[0] is wrong")).toBe("nodes[0] is wrong");
  });

  it("is nothing where the program only echoes a step that failed", () => {
    const echo =
      "Running program '/srv/platform/index.ts' failed with an unhandled exception:\n<ref *1> Error: error serializing " +
      'property "stdin": resource hv-4-check [command:remote:Command] failed to register\n    at resource.ts:795:40';
    expect(errorOf(STACK, echo)).toBeUndefined();
    const rejected =
      "Error: resource root-application [kubernetes:argoproj.io/v1alpha1:Application] failed to register\n    at resource.ts:795:40";
    expect(errorOf(STACK, rejected)).toBeUndefined();
    const own =
      "Running program '/srv/platform/index.ts' failed with an unhandled exception:\nTypeError: no such thing";
    expect(errorOf(STACK, own)).toBe(own);
  });

  it("is nothing where it only repeats that something failed", () => {
    expect(errorOf(STACK, "update failed")).toBeUndefined();
  });
});

describe("a resource that takes long", () => {
  const urn = "urn:pulumi:local::gitops-platform::kubernetes:argoproj.io/v1alpha1:Application::root-application";
  const states = new Map<string, string>();
  const say = (message: string, ephemeral: boolean, severity = "info"): void => {
    noteState({ timestamp: 0, diagnosticEvent: { urn, message, severity, ephemeral } }, states);
  };

  it("says after half a minute that it is waited for, and what its plugin said last", () => {
    const started = new Map([[urn, 100]]);
    expect(describeLong(started, states, 129)).toEqual([]);
    expect(describeLong(started, states, 130)).toEqual(["waiting  root-application (30 s)"]);
    say('<{%reset%}>Waiting for {.status.sync.status}=Synced (found "OutOfSync")<{%reset%}>', true);
    say("<{%reset%}>Found {.status.sync.status}=Synced<{%reset%}>", true);
    expect(describeLong(started, states, 130)).toEqual(["waiting  root-application (30 s)"]);
    say('<{%reset%}>Waiting for {.status.health.status}=Healthy (found "Progressing")<{%reset%}>', true);
    say("<{%reset%}>Found {.status.sync.status}=Synced<{%reset%}>", true);
    say("something that stays", false);
    say("ResourceUpdated: Updated health status: Progressing -> Healthy", true, "debug");
    expect(describeLong(started, states, 160)).toEqual([
      'waiting  root-application (60 s): need {.status.health.status}=Healthy (found "Progressing")',
    ]);
    expect(describeLong(new Map(), states, 160)).toEqual([]);
  });
});
