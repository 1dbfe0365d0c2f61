/** What an update prints of its phases. Does not prove that every component is in one: the last test lists them. */
import { expect, it } from "vitest";
import { TOKENS } from "../../../components/tokens";
import type { EngineEvent } from "../../../scripts/lib/events";
import { Phases } from "../../../scripts/lib/phases";

const urn = (type: string, name: string): string =>
  `urn:pulumi:local::gitops-platform::${type}$command:remote:Command::${name}`;
const event = (kind: "resourcePreEvent" | "resOutputsEvent", op: string, of: string): EngineEvent => ({
  timestamp: 0,
  [kind]: { metadata: { op, urn: of, type: "command:remote:Command" } },
});

it("prints a phase when it begins, and how long each took", () => {
  let seconds = 0;
  const phases = new Phases(() => seconds);
  const [machine, other] = [urn(TOKENS.localMachine, "cp-1-container"), urn(TOKENS.hub, "hub-files")];
  const step = urn(TOKENS.kubernetesCluster, "local-init");
  seconds = 1.5;
  expect(phases.note(event("resourcePreEvent", "create", machine))).toBe("Machines (1.5 s after the start)");
  expect(phases.note(event("resourcePreEvent", "create", other))).toBeUndefined();
  seconds = 4;
  expect(phases.note(event("resourcePreEvent", "update", step))).toBe("Kubernetes (4.0 s after the start)");
  seconds = 6.7;
  expect(phases.note(event("resOutputsEvent", "create", machine))).toBeUndefined();
  expect(phases.note(event("resOutputsEvent", "create", other))).toBeUndefined();
  seconds = 14;
  phases.note(event("resOutputsEvent", "update", step));
  expect(phases.summary()).toBe("Machines 5.2 s (2 resources), Kubernetes 10.0 s (1 resource)");
});

it("prints nothing where nothing is done", () => {
  const phases = new Phases(() => 0);
  const seed = `urn:pulumi:local::gitops-platform::${TOKENS.localMachine}$random:index/randomPassword:RandomPassword::x`;
  expect(phases.note(event("resourcePreEvent", "create", seed))).toBeUndefined();
  const same = urn(TOKENS.argoCd, "argocd-parts");
  expect(phases.note(event("resourcePreEvent", "same", same))).toBeUndefined();
  expect(phases.note(event("resOutputsEvent", "same", same))).toBeUndefined();
  expect(phases.note({ timestamp: 0, diagnosticEvent: { message: "x", severity: "info" } })).toBeUndefined();
  expect(phases.summary()).toBeUndefined();
});

it.each(Object.entries(TOKENS))("the component %s is in a phase", (_name, type) => {
  expect(new Phases(() => 0).note(event("resourcePreEvent", "create", urn(type, "x")))).toMatch(/ \(0\.0 s after/);
});
