/** The recorded plans of production are about the program and the stack file that are given: they can't go stale unseen. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { REMOTE_COMMAND, STACK, TOKENS } from "../../../components/tokens";
import type { Digest } from "../../../scripts/stack/plan/digest";
import { captureStack } from "../../graph/captured-stack";
import { testedStackFile } from "../../stacks/stack-file";
import { recorded, resourcesIn, resourceOf } from "./digests";

/** What to do when one of these fails. */
const AGAIN = "the program has changed: npx tsx test/plans/record.ts, and read what the comments say now";

let graph: ReadonlySet<string>;
beforeAll(async () => {
  const { resources } = await captureStack("production");
  graph = new Set(resources.map(({ type, name }) => resourceOf(type, name)));
}, 60_000);

describe("the recorded plans of production", () => {
  it("first creation makes every resource of the program, and nothing else", () => {
    const made = resourcesIn(recorded("first-creation"));
    expect([...made].sort(), AGAIN).toEqual([...graph].filter((one) => !one.startsWith(`${STACK} `)).sort());
  });

  const names = readdirSync(join(__dirname, "recorded")).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []);
  it.each(names.filter((name) => !name.startsWith("container-")))("%s is about resources of the program", (name) => {
    // Whichever node it is: one plan adds a worker like the others. One server is adopted, where the file has a guest.
    const kind = (one: string): string => one.replace(/(cp|worker)-\d/, "$1-N");
    const known = new Set([...graph].map(kind));
    const ofAdopted = [
      ...[`${REMOTE_COMMAND} adoption-production-cp-2`, `${TOKENS.adoption} adoption`],
      `${TOKENS.adoptedMachine} production-cp-2`,
    ];
    const unknown = [...resourcesIn(recorded(name))].filter((one) => !known.has(kind(one)) && !ofAdopted.includes(one));
    expect(unknown, AGAIN).toEqual([]);
  });

  it("were made with the stack file as it is given", () => {
    const file = parse(readFileSync(testedStackFile("production"), "utf8")) as {
      config: Record<string, unknown>;
    };
    for (const section of ["nodes", "hypervisors", "cluster", "versions", "network", "diskGate"])
      expect(sectionOf(recorded("first-creation"), section), AGAIN).toEqual(file.config[`gitops-platform:${section}`]);
  });
});

function sectionOf({ config }: Digest, section: string): unknown {
  return JSON.parse(config?.[`gitops-platform:${section}`] ?? "null");
}
