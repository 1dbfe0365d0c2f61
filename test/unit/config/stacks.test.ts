/**
 * What config makes of the stack files in test/stacks/valid, and the sentences that an operator reads about those in
 * test/stacks/invalid, all of them in their order. Does not prove that Pulumi hands a file over like this: test/e2e does.
 */
import { describe, expect, it } from "vitest";
import { parseStack } from "../../../config/parse";
import { around, casesIn, stackCase } from "./stack-case";

describe("a valid stack", () => {
  it.each(casesIn("valid"))("%s has no problem, and its defaults", async (file) => {
    const { parsed, sections } = await stackCase(file);
    const { config, problems } = parseStack(sections, await around());
    expect(problems).toEqual([]);
    expect(Object.keys(parsed)).not.toEqual([]);
    expect(config).toMatchObject(parsed);
  });
});

describe("an invalid stack", () => {
  it.each(casesIn("invalid"))("%s gets its sentences", async (file) => {
    const { sections, sentences } = await stackCase(file);
    const { config, problems } = parseStack(sections, await around());
    expect(config).toBeUndefined();
    expect(sentences).not.toEqual([]);
    expect(problems.map(({ sentence }) => sentence)).toEqual(sentences);
  });
});
