import { describe, expect, it } from "vitest";
import { applyDefaults, checkFields, LOCAL_COMMAND, REMOTE_COMMAND } from "../../command/command-inputs";
import { goQuote } from "../../command/go-quote";
import { type PropertyMap, Secret, UNKNOWN } from "../../protocol/property-value";

const CONNECTION = { host: "10.0.0.1" };

describe("checkFields", () => {
  it.each<[string, PropertyMap, string[]]>([
    ["the least", { connection: CONNECTION }, []],
    ["a secret connection", { connection: new Secret({ ...CONNECTION, privateKey: new Secret("k") }) }, []],
    ["unknown values", { connection: new Secret({ host: UNKNOWN }), stdin: UNKNOWN, logging: UNKNOWN }, []],
    ["an unknown connection", { connection: new Secret(UNKNOWN) }, []],
    ["no connection", {}, ["connection — missing, and it is required"]],
    ["no host", { connection: {} }, ["connection.host — missing, and it is required"]],
    [
      "a port that is text",
      { connection: { ...CONNECTION, port: "22" } },
      ["connection.port — got a string, need a number"],
    ],
    [
      "half an attempt",
      { connection: { ...CONNECTION, dialErrorLimit: 1.5 } },
      ["connection.dialErrorLimit — got a number, need a whole number"],
    ],
    [
      "a wrong proxy",
      { connection: { ...CONNECTION, proxy: { port: 1 } } },
      ["connection.proxy.host — missing, and it is required"],
    ],
    [
      "a wrong log mode",
      { connection: CONNECTION, logging: "all" },
      ["logging — got a string, need one of stdout, stderr, stdoutAndStderr, none"],
    ],
    ["a list for a command", { connection: CONNECTION, create: ["x"] }, ["create — got a list, need a string"]],
    [
      "two at once",
      { connection: CONNECTION, addPreviousOutputInEnv: "no", triggers: "x" },
      ["triggers — got a string, need a list", "addPreviousOutputInEnv — got a string, need true or false"],
    ],
  ])("%s", (_title, inputs, expected) => {
    expect(checkFields(inputs, REMOTE_COMMAND).map(({ reason }) => reason)).toEqual(expected);
  });

  it("never repeats a value, nor names a property whose value the engine would print", () => {
    const failures = checkFields(
      { connection: new Secret({ host: "h", privatKey: "TOPSECRET", port: "TOPSECRET" }) },
      REMOTE_COMMAND,
    );
    expect(failures).toHaveLength(2);
    expect(failures[0]?.reason).toMatch(/^connection\.privatKey — unknown input; need one of host, port, user, /);
    expect(JSON.stringify(failures)).not.toContain("TOPSECRET");
    expect(failures.map(({ property }) => property)).toEqual(["", ""]);
  });

  it("says what it doesn't cover", () => {
    expect(checkFields({ assetPaths: ["*"] }, LOCAL_COMMAND)[0]?.reason).toMatch(/^assetPaths — not covered/);
  });
});

it("fills in the defaults and makes the connection secret", () => {
  const inputs = applyDefaults(
    { create: "x", connection: { host: UNKNOWN, port: 2222, proxy: { host: "p" } } },
    REMOTE_COMMAND,
  );
  expect(inputs).toEqual({
    create: "x",
    connection: new Secret({
      host: UNKNOWN,
      port: 2222,
      user: "root",
      dialErrorLimit: 10,
      perDialTimeout: 15,
      proxy: { host: "p", port: 22, user: "root", dialErrorLimit: 10, perDialTimeout: 15 },
    }),
  });
});

it.each([
  ["plain", '"plain"'],
  ['say "x"\n\ttab\\', String.raw`"say \"x\"\n\ttab\\"`],
  ["\x00\x1b[0m", String.raw`"\x00\x1b[0m"`],
  ["grün – 漢", '"grün – 漢"'],
  ["\u200b", String.raw`"\u200b"`],
])("quotes %j like Go", (text, quoted) => {
  expect(goQuote(text)).toBe(quoted);
});
