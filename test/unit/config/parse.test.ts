/**
 * What the parser makes of surroundings: previews, files, encryption, secrets. test/stacks has its rules.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { Surroundings } from "../../../config/key-material";
import { parseStack } from "../../../config/parse";
import { artifactList } from "../../fixtures/artifacts";
import { makeLoginKey } from "../../fixtures/keys";
import { IDENTITY, RECIPIENT } from "../snapshots/age-sample";
import { around, stackCase } from "./stack-case";

type Sections = Awaited<ReturnType<typeof stackCase>>["sections"];

let good: Sections;
beforeAll(async () => {
  good = (await stackCase("valid/adopted.yaml")).sections;
});

const set = (path: string): string =>
  `npx pulumi config set --secret --path gitops-platform:${path} --stack staging < KEYFILE`;

const parse = async (raw: unknown, more: Partial<Surroundings> = {}, files: Record<string, string> = {}) =>
  parseStack(raw, { ...(await around(files)), ...more });

it("refuses keys in plain text, where Pulumi passes the names of the encrypted ones", async () => {
  const { problems } = await parse(good, { encrypted: ["ssh", "sealingKeys"] });
  expect(problems.map(({ sentence }) => sentence)).toEqual([
    `gitops.deployKey is in plain text in the stack file; make a new key, and set it encrypted: ${set("gitops.deployKey")}`,
  ]);
});

it.each([
  ["{", "is not JSON; make it with npm run mirror"],
  [
    '{"origin":"x"}',
    "is not a list of artifacts: artifacts: Invalid input: expected array, received undefined; make it with npm run mirror",
  ],
])("refuses the list of artifacts %s", async (text, wrong) => {
  const { problems } = await parse(good, {}, { "airgap/upstream.json": text });
  expect(problems.map(({ sentence }) => sentence)).toEqual([`artifacts.list airgap/upstream.json ${wrong}`]);
});

it.each([
  ["a date", "9999-12-31"],
  // Pulumi's form of a date without quotes (observed with 3.259.0).
  ["a moment", "9999-12-31 00:00:00 +0000 UTC"],
])("accepts notices until %s", async (_form, until) => {
  const accepted = [{ ids: ["kubernetes-1.27"], reason: "moves to 1.28 in June", until }];
  const { config } = await parse({ ...good, acceptedNotices: accepted });
  const reasons = config?.notices.flatMap(({ accepted: reason, id }) => (reason ? [[id, reason]] : []));
  expect(reasons).toEqual([["kubernetes-1.27", "moves to 1.28 in June (until 9999-12-31)"]]);
});

describe("a preview", () => {
  it("goes on without secrets, and names each; an update stops", async () => {
    const raw = { ...good, ssh: {}, gitops: { ...good["gitops"], deployKey: undefined }, sealingKeys: [] };
    const { config, problems, open } = await parse(raw, { preview: true });
    expect(problems).toEqual([]);
    expect(open.map(({ key }) => key)).toEqual(["ssh.privateKey", "gitops.deployKey", "sealingKeys"]);
    expect(config).toMatchObject({ ssh: { privateKey: "" }, gitops: { deployKey: "" }, sealingKeys: [] });
    expect((await parse(raw)).problems).toEqual(open);
  });

  it("goes on with images that are known by name only, and logs how to look them up", async () => {
    const { origin, artifacts } = artifactList(good["versions"] as Record<string, string>);
    const [pause] = artifacts.filter(({ name }) => name === "pause");
    const files = {
      "airgap/upstream.json": JSON.stringify({ origin, artifacts: artifacts.filter((entry) => entry !== pause) }),
      "airgap/upstream.unpinned.json": JSON.stringify([{ name: "pause", version: "3.9", path: pause?.path }]),
    };
    const { config, open } = await parse(good, { preview: true }, files);
    expect(open.map((entry) => entry.sentence)).toEqual([
      "artifacts.list airgap/upstream.json has no digest of the images pause 3.9; " +
        "look them up on a machine with internet access: npm run mirror -- --from upstream --pin",
    ]);
    expect(config?.artifacts.list.artifacts.at(-1)).toMatchObject({
      name: "pause",
      digest: `sha256:${"0".repeat(64)}`,
    });
    expect((await parse(good, {}, files)).problems).toEqual(open);
  });

  it("stops at anything else", async () => {
    const { config, problems } = await parse({ ...good, ssh: { privateKey: "hello" } }, { preview: true });
    expect(config).toBeUndefined();
    expect(problems.map(({ key }) => key)).toEqual(["ssh.privateKey"]);
  });
});

it("puts no secret into a sentence", async () => {
  const key = makeLoginKey().privateKey;
  const [{ privateKey: pem }] = good["sealingKeys"] as unknown as [{ privateKey: string }];
  const { problems } = await parse({
    ...good,
    ssh: { privateKey: [key], privateKeyFile: key, user: key },
    nodes: [{ name: "cp-1", kind: "adopted", role: "control-plane", address: "192.0.2.11", hostKey: key }],
    gitops: {
      repoURL: "https://user:hunter2@git.example.org/infra.git",
      deployKey: { secret: key },
      deploykey: key,
      hostKeys: [key],
    },
    sealingKeys: [{ certificate: pem, privateKey: key }],
  });
  expect(problems.length).toBeGreaterThan(7);
  const text = problems.map(({ sentence }) => sentence).join("\n");
  expect(text).not.toContain("PRIVATE KEY-");
  expect(text).not.toContain("hunter2");
  for (const line of [...key.split("\n"), ...pem.split("\n")].filter((part) => part.length > 20))
    expect(text).not.toContain(line);
});

describe("snapshots", () => {
  const parseSnapshots = (snapshots: object, more: Partial<Surroundings> = {}) => parse({ ...good, snapshots }, more);

  it("are encrypted for the identity's public half; the identity itself stays in the stack file", async () => {
    const { config } = await parseSnapshots({ identity: `${IDENTITY}\n` });
    expect(config?.snapshots).toEqual({ everyHours: 6, recipient: RECIPIENT });
    expect(JSON.stringify(config)).not.toContain(IDENTITY);
    expect((await parse(good)).config?.snapshots).toBeUndefined();
  });

  it("need an identity; a preview goes on without", async () => {
    const sentence =
      "snapshots.identity is missing (snapshots are encrypted for it); make it, stored encrypted: npm run snapshots -- staging new-key";
    const preview = await parseSnapshots({ everyHours: 12 }, { preview: true });
    expect(preview.open.map((entry) => entry.sentence)).toEqual([sentence]);
    expect(preview.config?.snapshots).toBeUndefined();
    expect((await parseSnapshots({ everyHours: 12 })).problems).toEqual(preview.open);
  });

  it("refuse what is no identity, in plain text or another interval, without any part of the identity", async () => {
    const wrong = await parseSnapshots(
      { everyHours: 5, identity: IDENTITY.slice(0, -1) },
      { encrypted: ["ssh", "gitops", "sealingKeys"] },
    );
    expect(wrong.problems.map(({ sentence }) => sentence)).toEqual([
      "snapshots.everyHours is no part of a day (need 1, 2, 3, 4, 6, 8, 12 or 24); write for example 6",
      `snapshots.identity is no age identity, or damaged (need an age identity, AGE-SECRET-KEY-1…); set it again: ${set("snapshots.identity")}`,
      `snapshots.identity is in plain text in the stack file; make a new key, and set it encrypted: ${set("snapshots.identity")}`,
    ]);
  });
});
