/** The recorded plans of the local stack are about the program as it is. A file of its own: the program is a module. */
import { expect, it } from "vitest";
import { captureStack } from "../../graph/captured-stack";
import { recorded, resourceOf, resourcesIn } from "./digests";

it("the recorded plans of the local stack are about resources of the program", async () => {
  // Not of Pulumi.local.yaml, where whoever tries the platform has as many machines as they like.
  const config = Object.entries(recorded("container-changed").config ?? {});
  const given = Object.fromEntries(config.map(([key, value]) => [key, JSON.parse(value) as object]));
  const { resources } = await captureStack("local", given);
  const graph = new Set(resources.map(({ type, name }) => resourceOf(type, name)));
  for (const plan of ["container-changed", "container-replaced"])
    expect(
      [...resourcesIn(recorded(plan))].filter((one) => !graph.has(one)),
      "the program has changed: npx tsx test/plans/record.ts, and read what the comments say now",
    ).toEqual([]);
}, 60_000);
