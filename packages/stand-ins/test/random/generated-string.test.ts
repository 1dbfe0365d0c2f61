import { describe, expect, it } from "vitest";
import { generateString, ruleProblem, type StringRules } from "../../random/generated-string";

const RULES: StringRules = {
  length: 64,
  lower: true,
  upper: true,
  numeric: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
};

describe("generateString", () => {
  it.each<[string, Partial<StringRules>, RegExp]>([
    ["only lower case", { upper: false, numeric: false, special: false }, /^[a-z]{64}$/],
    ["only digits", { lower: false, upper: false, special: false }, /^\d{64}$/],
    ["the official punctuation", { lower: false, upper: false, numeric: false }, /^[!@#$%&*()\-_=+[\]{}<>:?]{64}$/],
    ["punctuation of one's own", { lower: false, upper: false, numeric: false, overrideSpecial: "_-" }, /^[_-]{64}$/],
    [
      "an empty override as none",
      { lower: false, upper: false, numeric: false, overrideSpecial: "" },
      /^(?:[^\w]|_){64}$/,
    ],
  ])("uses %s", (_title, rules, pattern) => {
    expect(generateString({ ...RULES, ...rules })).toMatch(pattern);
  });

  it("keeps every minimum", () => {
    for (let round = 0; round < 50; round++) {
      const text = generateString({ ...RULES, length: 10, minLower: 1, minUpper: 2, minNumeric: 3, minSpecial: 4 });
      expect(text).toHaveLength(10);
      expect(text.match(/[a-z]/g)).toHaveLength(1);
      expect(text.match(/[A-Z]/g)).toHaveLength(2);
      expect(text.match(/\d/g)).toHaveLength(3);
    }
  });

  it("puts the minimum anywhere", () => {
    const places = new Set(
      Array.from({ length: 100 }, () =>
        generateString({ ...RULES, length: 4, special: false, numeric: false, minNumeric: 1 }).search(/\d/),
      ),
    );
    expect([...places].sort()).toEqual([0, 1, 2, 3]);
  });
});

describe("ruleProblem", () => {
  it.each<[Partial<StringRules>, string | undefined]>([
    [{}, undefined],
    [{ length: 0 }, "length must be at least 1, got 0"],
    [
      { length: 3, minLower: 2, minUpper: 2 },
      "length must be at least minLower + minUpper + minNumeric + minSpecial (4), got 3",
    ],
    [
      { lower: false, upper: false, numeric: false, special: false },
      "at least one of lower, upper, numeric and special must be true",
    ],
  ])("%o → %s", (rules, problem) => {
    expect(ruleProblem({ ...RULES, ...rules })).toBe(problem);
  });
});
