/**
 * In which order nodes have their turns, under mocks, with the stack file of production: three control planes and two workers
 * that are guests. Does not prove that a turn leaves a node healthy: test/scripts and the drills `upgrade` and `rolling` do.
 */
import { beforeAll, expect, it } from "vitest";
import { type CapturedResource, type CapturedStack, captureStack } from "./captured-stack";

const CONTROL_PLANES = ["production-cp-1", "production-cp-2", "production-cp-3"];
const WORKERS = ["production-worker-1", "production-worker-2"];

let captured: CapturedStack;
beforeAll(async () => {
  captured = await captureStack("production");
}, 60_000);

function named(name: string): CapturedResource {
  const found = captured.resources.find((resource) => resource.name === name);
  if (!found) throw new Error(`no resource ${name}`);
  return found;
}

/** The names of the steps of turns that a step waits for itself. */
function waitsFor(name: string): readonly string[] {
  return captured.resources
    .filter(({ urn }) => named(name).dependsOn.includes(urn))
    .flatMap((other) => (/-(drain|restart|activation)$/.test(other.name) ? [other.name] : []))
    .sort();
}

const drain = (node: string): string => `production-${node}-drain`;
const restart = (node: string): string => `production-${node}-restart`;
const activation = (node: string): string => `production-${node}-activation`;

it("a machine restarts between the drain of its node and the end of the node's turn", () => {
  for (const node of [...CONTROL_PLANES, ...WORKERS]) {
    expect(waitsFor(restart(node))).toEqual([drain(node)]);
    expect(waitsFor(activation(node))).toEqual(expect.arrayContaining([drain(node), restart(node)]));
  }
});

it("a control plane is drained after the turn of the one before it has ended, and workers after the last one", () => {
  const [first = "", second = "", third = ""] = CONTROL_PLANES;
  expect([first, second, third].map((node) => waitsFor(drain(node)))).toEqual([
    [],
    [activation(first)],
    [activation(second)],
  ]);
  const [one = "", two = ""] = WORKERS;
  expect(waitsFor(drain(one))).toEqual([activation(third)]);
  // One lane: production's file allows one worker to be away.
  expect(waitsFor(drain(two))).toEqual([activation(one)]);
});

it("no node is drained before every node has staged and is a member", () => {
  const before = named(drain(CONTROL_PLANES[0] ?? "")).dependsOn;
  const staged = [...CONTROL_PLANES, ...WORKERS].map((node) => named(`production-${node}-prepare`).urn);
  expect(before).toEqual(expect.arrayContaining(staged));
  const members = captured.resources.filter(({ name }) => name.endsWith("-membership"));
  expect(members.length).toBeGreaterThan(1);
  expect(before).toEqual(expect.arrayContaining(members.map(({ urn }) => urn)));
});
