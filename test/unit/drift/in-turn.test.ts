import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { lookInTurn } from "../../../scripts/stack/drift/in-turn";
import { controlPlane } from "./nodes";

const worker = { ...controlPlane, name: "worker-1" };
delete (worker as { disk?: unknown }).disk;
const nodes = [controlPlane, { ...controlPlane, name: "cp-2" }, worker, { ...controlPlane, name: "cp-3" }];

/** What begins and ends, in order. */
async function looked(measureDisks: boolean): Promise<string[]> {
  const told: string[] = [];
  const names = await lookInTurn(nodes, measureDisks, async ({ name }, measureDisk) => {
    told.push(`${name}${measureDisk ? " disk" : ""}`);
    await sleep(5);
    told.push(`${name} done`);
    return name;
  });
  expect(names).toEqual(["cp-1", "cp-2", "worker-1", "cp-3"]);
  return told;
}

test("all at once", async () => {
  expect((await looked(false)).slice(0, 4)).toEqual(["cp-1", "cp-2", "worker-1", "cp-3"]);
});

test("disks of etcd nodes are measured one after the other, and those of workers not at all", async () => {
  const told = (await looked(true)).filter((line) => !line.startsWith("worker-1"));
  expect(told).toEqual(["cp-1 disk", "cp-1 done", "cp-2 disk", "cp-2 done", "cp-3 disk", "cp-3 done"]);
  expect(await looked(true)).toContain("worker-1");
});
