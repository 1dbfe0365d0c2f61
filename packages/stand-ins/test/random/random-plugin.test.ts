import { compare } from "bcryptjs";
import { describe, expect, it } from "vitest";
import { type PropertyMap, type PropertyValue, Secret, UNKNOWN, Unknown } from "../../protocol/property-value";
import { RandomPlugin } from "../../random/random-plugin";

/* What it doesn't prove: that the engine sees the same over gRPC; test/e2e does. */

const PASSWORD = "random:index/randomPassword:RandomPassword";
const STRING = "random:index/randomString:RandomString";
const ID = "random:index/randomId:RandomId";
const BYTES = "random:index/randomBytes:RandomBytes";
const INTEGER = "random:index/randomInteger:RandomInteger";
const UUID = "random:index/randomUuid:RandomUuid";

const plugin = new RandomPlugin("0.0.0");
const resource = (type: string) => ({ urn: "urn", name: "it", type, signal: new AbortController().signal });

const create = (type: string, inputs: PropertyMap, preview = false) =>
  plugin.create({ ...resource(type), inputs, preview });
const changes = async (type: string, oldInputs: PropertyMap, news: PropertyMap) =>
  (await plugin.diff({ ...resource(type), id: "x", oldInputs, olds: {}, news })).changes;
const reasons = async (type: string, news: PropertyMap) =>
  ((await plugin.check({ ...resource(type), olds: {}, news })).failures ?? []).map(({ property, reason }) => {
    expect(property).toBe(""); // the engine prints the value of a property that is named
    return reason;
  });

/** A text that must be marked as secret. */
function secretText(value: PropertyValue | undefined): string {
  if (!(value instanceof Secret) || typeof value.value !== "string") throw new Error("not a secret text");
  return value.value;
}

describe("create", () => {
  it("keeps a password and its hash secret", async () => {
    const { id, properties } = await create(PASSWORD, { length: 20 });
    const [result, bcryptHash] = [secretText(properties.result), secretText(properties.bcryptHash)];
    expect(id).toBe("none");
    expect(result).toHaveLength(20);
    expect(bcryptHash).toMatch(/^\$2a\$10\$/);
    expect(await compare(result, bcryptHash)).toBe(true);
  });

  it("writes the defaults into the state, as the official plugin does", async () => {
    const { id, properties } = await create(STRING, { length: 5, special: false });
    expect(properties).toEqual({
      length: 5,
      lower: true,
      upper: true,
      numeric: true,
      number: true,
      special: false,
      minLower: 0,
      minUpper: 0,
      minNumeric: 0,
      minSpecial: 0,
      result: id,
    });
    expect(id).toMatch(/^[A-Za-z0-9]{5}$/);
  });

  it("gives an id in every notation, the prefix before each", async () => {
    const { id, properties } = await create(ID, { byteLength: 5, prefix: "p-" });
    const bytes = Buffer.from(id, "base64url");
    expect(bytes).toHaveLength(5);
    expect(properties).toMatchObject({
      hex: `p-${bytes.toString("hex")}`,
      b64Url: `p-${id}`,
      b64Std: `p-${bytes.toString("base64")}`,
      dec: `p-${BigInt(`0x${bytes.toString("hex")}`)}`,
    });
  });

  it("keeps bytes secret, and out of the id", async () => {
    const { id, properties } = await create(BYTES, { length: 16 });
    expect(id).toBe("none");
    const [base64, hex] = [secretText(properties.base64), secretText(properties.hex)];
    expect(Buffer.from(base64, "base64").toString("hex")).toBe(hex);
  });

  it("draws integers from the whole closed range", async () => {
    const drawn = new Set<unknown>();
    for (let round = 0; round < 60; round++) drawn.add((await create(INTEGER, { min: 1, max: 3 })).properties.result);
    expect([...drawn].sort()).toEqual([1, 2, 3]);
  });

  it("draws a UUID", async () => {
    const { id, properties } = await create(UUID, { keepers: { a: "b" } });
    expect(properties).toEqual({ keepers: { a: "b" }, result: id });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("knows no output in a preview", async () => {
    const { properties } = await create(PASSWORD, { length: UNKNOWN }, true);
    expect(properties.result).toBeInstanceOf(Unknown);
    expect(properties.bcryptHash).toBeInstanceOf(Unknown);
  });
});

describe("diff", () => {
  it.each<[string, PropertyMap, PropertyMap, string[]]>([
    ["nothing", { length: 5 }, { length: 5 }, []],
    ["a default written out", { length: 5 }, { length: 5, special: true, minLower: 0, keepers: {} }, []],
    ["another length", { length: 5 }, { length: 6 }, ["length"]],
    ["another keeper", { length: 5, keepers: { a: "1" } }, { length: 5, keepers: { a: "2" } }, ["keepers.a"]],
    ["an unknown keeper", { length: 5, keepers: { a: "1" } }, { length: 5, keepers: { a: UNKNOWN } }, ["keepers.a"]],
    ["a secret mark", { length: 5, keepers: { a: "1" } }, { length: 5, keepers: { a: new Secret("1") } }, []],
  ])("%s", async (_title, olds, news, expected) => {
    const found = await changes(PASSWORD, olds, news);
    expect([...found.keys()]).toEqual(expected);
    for (const change of found.values()) expect(change.replace).toBe(true);
  });
});

describe("check", () => {
  it.each<[string, PropertyMap, string[]]>([
    [PASSWORD, { length: 5 }, []],
    [PASSWORD, { length: UNKNOWN }, []],
    [PASSWORD, {}, ["length — missing, and it is required"]],
    [PASSWORD, { length: "5" }, ["length — need a whole number"]],
    [UUID, { lenght: 5 }, ["lenght — unknown input; need one of keepers"]],
    [UUID, { keepers: "x" }, ["keepers — need a map of strings"]],
    [PASSWORD, { length: 0 }, ["length must be at least 1, got 0"]],
    [INTEGER, { min: 2, max: 1 }, ["min must not be greater than max, got 2 and 1"]],
    [BYTES, { length: 0 }, ["length must be at least 1, got 0"]],
  ])("%s %o", async (type, inputs, expected) => {
    expect(await reasons(type, inputs)).toEqual(expected);
  });
});

it("says what it doesn't cover", async () => {
  await expect(create("random:index/randomPet:RandomPet", {})).rejects.toThrow(
    /^random stand-in — random:index\/randomPet:RandomPet is not covered/,
  );
});

it("leaves a value alone on refresh", async () => {
  const state = { id: "x", inputs: { length: 1 }, properties: { length: 1, result: "y" } };
  expect(await plugin.read({ ...resource(STRING), ...state })).toEqual(state);
});
