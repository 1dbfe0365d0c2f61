/** What a stack with snapshots sends its nodes, and an update that restores one. That it works: the drill `restore`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { testedStackFile } from "../stacks/stack-file";
import { IDENTITY, RECIPIENT } from "../unit/snapshots/age-sample";
import type { CapturedStack } from "./captured-stack";
import { captureUpdate } from "./sent-scripts";

const SNAPSHOT = "20261129T060000Z-production-cp-1.age 0123";
const directory = mkdtempSync(join(tmpdir(), "gitops-platform-restore-"));
let captured: CapturedStack;

beforeAll(async () => {
  const { config } = parse(readFileSync(testedStackFile("production"), "utf8")) as { config: object };
  const file = join(directory, "Pulumi.production.yaml");
  writeFileSync(
    file,
    stringify({ config: { ...config, "gitops-platform:snapshots": { everyHours: 8, identity: IDENTITY } } }),
  );
  process.env["GITOPS_PLATFORM_RESTORE"] = SNAPSHOT;
  captured = await captureUpdate("production", file);
}, 120_000);
afterAll(() => {
  Reflect.deleteProperty(process.env, "GITOPS_PLATFORM_RESTORE");
  rmSync(directory, { recursive: true });
});

/** The value of a variable in each node's step, by node. */
function sent(step: string, variable: string): Record<string, string> {
  const value = new RegExp(`^export ${variable}='([^]*?)'$`, "m");
  const steps = captured.resources.filter(({ name }) => new RegExp(`^production-production-.*-${step}$`).test(name));
  expect(steps).toHaveLength(5);
  return Object.fromEntries(
    steps.map(({ inputs, name }) => [
      name.replace("production-production-", ""),
      value.exec(String(inputs["stdin"]))?.[1] ?? "",
    ]),
  );
}

it("has the founder alone wait for the snapshot", () => {
  expect(sent("join", "RESTORE")).toEqual({
    ...{ "cp-1-join": SNAPSHOT, "cp-2-join": "", "cp-3-join": "", "worker-1-join": "", "worker-2-join": "" },
  });
});

it("gives control planes the timer's program with the stack's recipient, and workers none", () => {
  const hours = sent("prepare", "SNAPSHOT_HOURS");
  expect(hours).toMatchObject({ "cp-1-prepare": "00,08,16", "cp-3-prepare": "00,08,16", "worker-1-prepare": "" });
  for (const { inputs, name } of captured.resources.filter(({ name }) => /cp-\d-prepare$/.test(name)))
    expect(String(inputs["stdin"]), name).toContain(RECIPIENT);
});

it("sends the identity nowhere", () => {
  expect(JSON.stringify(captured.resources)).not.toContain(IDENTITY.slice(20));
});
