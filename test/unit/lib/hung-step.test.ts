/** When a step counts as hung. That such an update is really ended: test/pipeline/hung-update.test.ts. */
import { describe, expect, it } from "vitest";
import { connectionOf, hungReason, LIMITS, type RunningStep } from "../../../scripts/lib/hung-step";

const MINUTE = 60_000;
const where = "192.0.2.11:22";

describe("a step", () => {
  const step = (state: "answers" | "silent" | "away", minutes: number): RunningStep => ({
    ...{ name: "cp-1-join", since: 0, answerSince: (100 - minutes) * MINUTE },
    answer: state === "answers" ? { state } : { state, where, reason: "no route to host" },
  });
  // Looked at after 100 minutes, or after the step's longest time less a second.
  const reason = (running: RunningStep, since = 100 * MINUTE - LIMITS.stepMs + 1_000): string | undefined =>
    hungReason({ ...running, since }, 100 * MINUTE);

  it.each([
    ["answers for long", step("answers", 80)],
    ["is silent for a little less than its limit", step("silent", 1.9)],
    ["is away for as long as the plugin dials", step("away", 19)],
  ])("is waited for while its machine %s", (_what, running) => {
    expect(reason(running)).toBeUndefined();
  });

  it.each([
    [step("silent", 2), `cp-1-join — ${where} takes connections but has sent no SSH banner for 2 min, `],
    [step("away", 20), `cp-1-join — ${where} has been away for 20 min (no route to host), `],
  ])("is hung once its machine was so for longer, and says which: %j", (running, text) => {
    expect(reason(running)?.startsWith(text)).toBe(true);
  });

  it("is hung after its longest time whatever its machine does, known or not", () => {
    for (const running of [step("answers", 80), { name: "cp-1-join", since: 0 }])
      expect(reason(running, 100 * MINUTE - LIMITS.stepMs)).toMatch(
        /^cp-1-join — has run for 90 min, longer than any step/,
      );
  });
});

describe("a step's connection", () => {
  const urn = "urn:pulumi:s::p::command:remote:Command::cp-1-join";
  const secret = (value: unknown): object => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify(value),
  });
  const resource = (host: string): object => ({
    urn,
    inputs: { connection: secret({ host, port: 22, privateKey: secret("KEY") }) },
  });
  const exported = (deployment: object): string => JSON.stringify({ version: 3, deployment });

  it("is that of the operation that runs, and else of the state", () => {
    const made = { resources: [resource("192.0.2.1")] };
    expect(connectionOf(urn, exported(made))).toEqual({ host: "192.0.2.1", port: 22, privateKey: "KEY" });
    const changing = { ...made, pending_operations: [{ type: "updating", resource: resource("192.0.2.2") }] };
    expect(connectionOf(urn, exported(changing))).toMatchObject({ host: "192.0.2.2" });
  });

  it("is unknown for a step that the state doesn't have", () => {
    expect(connectionOf(`${urn}-other`, exported({ resources: [resource("192.0.2.1")] }))).toBeUndefined();
    expect(connectionOf(urn, exported({}))).toBeUndefined();
  });
});
