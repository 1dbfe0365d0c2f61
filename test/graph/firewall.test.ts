/**
 * The firewalls of three control planes and two workers: what each is sent, and that no node founds or joins before its own
 * is up. Does not prove that the rules do what they say: test/scripts/remote/firewall.bats does.
 */
import { beforeAll, expect, it } from "vitest";
import { testedStackFile } from "../stacks/stack-file";
import type { CapturedResource, CapturedStack } from "./captured-stack";
import { captureUpdate } from "./sent-scripts";

const CONTROL_PLANES = ["production-cp-1", "production-cp-2", "production-cp-3"];
const NODES = [...CONTROL_PLANES, "production-worker-1", "production-worker-2"];
const ADDRESSES = ["198.51.100.11", "198.51.100.12", "198.51.100.13", "198.51.100.21", "198.51.100.22"];

let captured: CapturedStack;
beforeAll(async () => {
  captured = await captureUpdate("production", testedStackFile("production"));
}, 60_000);

function step(node: string, kind: string): CapturedResource {
  const found = captured.resources.find(({ name }) => name === `production-${node}-${kind}`);
  if (!found) throw new Error(`no step production-${node}-${kind}`);
  return found;
}

/** Everything that a step waits for, directly or through others. */
function before(urn: string, seen = new Set<string>()): ReadonlySet<string> {
  for (const earlier of captured.resources.find((resource) => resource.urn === urn)?.dependsOn ?? []) {
    if (seen.has(earlier)) continue;
    seen.add(earlier);
    before(earlier, seen);
  }
  return seen;
}

it.each(NODES)("%s lets in every node of the stack and its network, in one table", (node) => {
  const stdin = String(step(node, "firewall").inputs["stdin"]);
  expect(stdin).toContain(`export NODES='${ADDRESSES.join(" ")}'\n`);
  expect(stdin).toContain(`set nodes { type ipv4_addr; flags timeout; elements = { ${ADDRESSES.join(", ")} }; }\n`);
  expect(stdin).toContain(
    "set api_sources { type ipv4_addr; flags interval; auto-merge; elements = { 198.51.100.0/24 }; }\n",
  );
  expect(stdin).toContain(`export GUARD_OPERATOR='${node === "production-cp-1" ? "yes" : "no"}'\n`);
});

it.each(NODES)("%s has its firewall, after its packages, before it founds or joins", (node) => {
  const firewall = step(node, "firewall");
  expect(before(firewall.urn)).toContain(step(node, "prepare").urn);
  expect(before(step(node, "join").urn)).toContain(firewall.urn);
});

it.each(NODES)(
  "%s is let in by the founder, and by the control planes that join before it, before it joins",
  (node) => {
    const earlier = CONTROL_PLANES.slice(0, Math.max(1, CONTROL_PLANES.indexOf(node)));
    for (const controlPlane of earlier)
      expect(before(step(node, "join").urn)).toContain(step(controlPlane, "firewall").urn);
  },
);

it("a firewall waits for no other node's steps: a dead machine keeps nobody out", () => {
  for (const node of NODES) {
    const others = NODES.filter((other) => other !== node);
    const waits = before(step(node, "firewall").urn);
    for (const other of others) {
      expect(waits).not.toContain(step(other, "firewall").urn);
      expect(waits).not.toContain(step(other, "join").urn);
    }
  }
});
