/**
 * What machines are sent, one file a kind of node, so that a changed export or script shows in a diff; renew with
 * `npx vitest run -u test/graph/sent-scripts.test.ts`. Secrets are left out, and of a script stands its digest.
 * Does not prove that the scripts do what they are for: test/scripts does.
 */
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { REMOTE_COMMAND } from "../../components/tokens";
import { testedStackFile } from "../stacks/stack-file";
import type { CapturedStack } from "./captured-stack";
import { isPinned } from "./invariants";
import { captureUpdate, sentScripts } from "./sent-scripts";

const valid = (name: string): string => join(__dirname, "..", "stacks", "valid", name);

describe.each([
  ["local", valid("local.yaml"), { "local-control-plane": "cp-1", "local-worker": "worker-1", "local-hub": "hub" }],
  [
    "production",
    testedStackFile("production"),
    {
      hypervisor: "production-hv-1",
      "libvirt-control-plane": "production-cp-2",
      "libvirt-worker": "production-worker-1",
    },
  ],
  ["site", valid("adopted.yaml"), { "adopted-control-plane": "cp-1", "adopted-worker": "worker-1" }],
])("what the stack %s sends", (stack, file, nodes) => {
  let captured: CapturedStack;
  beforeAll(async () => {
    vi.resetModules();
    captured = await captureUpdate(stack, file);
  }, 60_000);

  it("goes to machines whose host key is verified, every one of them", () => {
    const remote = captured.resources.filter(({ type }) => type === REMOTE_COMMAND);
    expect(remote.length).toBeGreaterThan(10);
    const open = remote.filter(({ inputs }) => !isPinned(inputs["connection"] as Record<string, unknown>));
    expect(open.map(({ name }) => name)).toEqual([]);
  });

  it.each(Object.entries(nodes))("to a %s", async (kind, node) => {
    await expect(sentScripts(captured, node)).toMatchFileSnapshot(join(__dirname, "sent", `${kind}.txt`));
  });
});
