import { describe, expect, it } from "vitest";
import { type Fields, LOCAL_COMMAND, LOCAL_FUNCTION, REMOTE_COMMAND } from "../../command/command-inputs";
import { declaredProperties } from "../sdk-declarations";

/* A new version of the official SDK that takes other inputs fails here. */

/** Inputs that the stand-in refuses, as its README says. */
const NOT_COVERED = ["assetPaths", "archivePaths"];
const CONNECTION = REMOTE_COMMAND.connection?.fields ?? {};

describe("the stand-in takes the official inputs", () => {
  it.each<[string, string, Fields]>([
    ["command/local/command.d.ts", "interface CommandArgs", LOCAL_COMMAND],
    ["command/local/run.d.ts", "interface RunArgs", LOCAL_FUNCTION],
    ["command/remote/command.d.ts", "interface CommandArgs", REMOTE_COMMAND],
    ["command/types/input.d.ts", "interface ConnectionArgs", CONNECTION],
    ["command/types/input.d.ts", "interface ProxyConnectionArgs", CONNECTION.proxy?.fields ?? {}],
  ])("%s: %s", (file, declaration, fields) => {
    const official = declaredProperties(file, declaration).filter(({ name }) => !NOT_COVERED.includes(name));
    const ours = Object.entries(fields).map(([name, { required = false }]) => ({ name, required }));
    const byName = (left: { name: string }, right: { name: string }): number => left.name.localeCompare(right.name);
    expect(ours.sort(byName)).toEqual(official.sort(byName));
  });
});
