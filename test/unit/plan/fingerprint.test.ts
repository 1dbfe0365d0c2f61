/**
 * What makes a plan another one, though a comment may show the same. That two previews by the real engine have one
 * fingerprint is checked by test/plans/record.ts, which compares two of every plan that it records.
 */
import { describe, expect, it } from "vitest";
import { refusalOf } from "../../../scripts/stack/access/checked-update";
import type { Digest, Step } from "../../../scripts/stack/plan/digest";
import { fingerprintIn, renderMarkdown } from "../../../scripts/stack/plan/markdown";
import { brokenPlan, planOf } from "../../../scripts/stack/plan/plan";
import { digestOf, step } from "./digests";

const COMMAND = ["command:remote:Command"];
const state = (inputs: Record<string, unknown>, type = "command:remote:Command") => ({ type, custom: true, inputs });
const made = (name: string, inputs: Record<string, unknown>): Step =>
  step("create", COMMAND, name, { newState: state(inputs) });
const updated = (before: Record<string, unknown>, after: Record<string, unknown>, path: string): Step =>
  step("update", COMMAND, "thing", {
    oldState: state(before),
    newState: state(after),
    detailedDiff: { [path]: { kind: "update" } },
  });
const of = (digest: Digest, stack = "test"): string => {
  const markdown = renderMarkdown(planOf(stack, digest));
  return fingerprintIn(markdown) ?? "none";
};
const one = (...steps: readonly Step[]): string => of({ steps });

describe("a fingerprint", () => {
  it("stands in the second line, where a comment that is too long keeps it", () => {
    const steps = Array.from({ length: 1500 }, (_, index) => made(`step-${index}-${"x".repeat(40)}`, {}));
    const text = renderMarkdown(planOf("test", digestOf({}, steps)));
    expect(text).toContain("too long to show here");
    expect(text).toMatch(/^<!-- gitops-platform plan test -->\n<!-- fingerprint [0-9a-f]{64} -->\n\n### Plan/);
  });

  it("is the same in whatever order, with other dates in warnings, from wherever", () => {
    const steps = [made("a", { x: 1, y: 2 }), made("b", {})];
    const diagnostics = [{ message: "warning: since 2026-11-24", severity: "warning" }];
    const same = of({ steps: [made("b", {}), made("a", { y: 2, x: 1 })], diagnostics });
    expect(same).toBe(of({ steps }));
    const text = renderMarkdown(planOf("test", { steps }), { commit: "abc", url: "https://git.example.org" });
    expect(fingerprintIn(text.replaceAll("\n", "\r\n"))).toBe(same);
  });

  it("is the same when a preview makes up other identities for what isn't made yet", () => {
    const preview = (random: string): Step[] => [
      made("cp-1-guest", {}),
      made("boot", {
        stdin: `export RERUN_ON='cp-1-guest${random}'\nexport NODES='cp-1 worker cp-1-guest${random}'\n`,
      }),
    ];
    expect(one(...preview("8cd85754"))).toBe(one(...preview("07819634")));
    // An identity that something has already is another one.
    const kept = (random: string): Step => made("boot", { stdin: `export RERUN_ON='cp-1-guest${random}'\n` });
    expect(one(kept("8cd85754"))).not.toBe(one(kept("07819634")));
  });

  const long = (end: string): string => `${"x".repeat(80)}${end}`;
  it.each<[string, Digest, Digest]>([
    ["an input of what is made", { steps: [made("a", { x: 1 })] }, { steps: [made("a", { x: 2 })] }],
    [
      "the end of a long value",
      { steps: [updated({ x: "" }, { x: long("1") }, "x")] },
      { steps: [updated({ x: "" }, { x: long("2") }, "x")] },
    ],
    [
      "the script itself",
      { steps: [updated({ stdin: "one" }, { stdin: "two" }, "stdin")] },
      { steps: [updated({ stdin: "one" }, { stdin: "three" }, "stdin")] },
    ],
    [
      "what was there before",
      { steps: [updated({ x: 1 }, { x: 3 }, "x")] },
      { steps: [updated({ x: 2 }, { x: 3 }, "x")] },
    ],
    [
      "one more secret that changes",
      { steps: [updated({ x: "[secret]", y: "[secret]" }, { x: "[secret]", y: "[secret]" }, "x")] },
      { steps: [updated({ x: "[secret]", y: "[secret]" }, { x: "[secret]", y: "[secret]" }, "y")] },
    ],
    [
      "the protection",
      { steps: [] },
      { steps: [step("same", COMMAND, "a", { newState: { ...state({}), protect: true } })] },
    ],
    [
      "the configuration that a secret script comes from",
      { config: { "gitops-platform:nodes": '[{"io":"native"}]' }, steps: [] },
      { config: { "gitops-platform:nodes": '[{"io":"io_uring"}]' }, steps: [] },
    ],
    ["the program", { program: "a", steps: [] }, { program: "b", steps: [] }],
  ])("is another one for %s", (_what, left, right) => {
    expect(of(left)).not.toBe(of(right));
  });

  it("is another one for another stack", () => {
    expect(of({ steps: [] }, "staging")).not.toBe(of({ steps: [] }, "production"));
  });

  it.each<[string, (secret: string) => Step]>([
    [
      "a Secret's content",
      (secret) =>
        step("create", ["kubernetes:core/v1:Secret"], "s", {
          newState: state({ stringData: { pin: secret } }, "kubernetes:core/v1:Secret"),
        }),
    ],
    ["what is called a password", (secret) => made("a", { data: { adminPassword: secret } })],
    ["a script with a secret, which is secret as a whole", () => made("a", { stdin: "[secret]" })],
  ])("has nothing in it that could be guessed from it: %s", (_what, holding) => {
    expect(one(holding("1234"))).toBe(one(holding("5678")));
  });
});

describe("a reviewed plan", () => {
  const digest: Digest = { steps: [made("a", { x: 1 })] };
  const plan = planOf("test", digest);

  it("may be carried out while it is still the plan, and so may any where none was reviewed", () => {
    expect(refusalOf(plan, renderMarkdown(plan, { commit: "abc" }))).toBeUndefined();
    expect(refusalOf(plan, undefined)).toBeUndefined();
  });

  it("forbids another one, though both read the same", () => {
    const other = planOf("test", { steps: [made("a", { x: 2 })] });
    const text = (of: typeof plan): string => renderMarkdown(of).replace(/[0-9a-f]{64}/, "");
    expect(text(other)).toBe(text(plan));
    expect(refusalOf(other, renderMarkdown(plan))).toMatch(
      /^stack test — would be changed in another way than was reviewed \(Plan for test: 1 to create\); nothing was done: make a new plan/,
    );
  });

  it("forbids everything when it was broken, even what is broken in the same way", () => {
    const broken = brokenPlan("test", "no backend");
    expect(refusalOf(broken, renderMarkdown(broken))).toBe(
      "stack test — its preview is broken, or breaks a rule; nothing was done:\n  - no backend",
    );
    expect(refusalOf(plan, renderMarkdown(broken))).toMatch(/^stack test — what was reviewed is no whole plan/);
    expect(refusalOf(plan, "")).toMatch(/^stack test — what was reviewed is no whole plan/);
    // Nothing of a broken preview counts, not what it did find out either.
    const half = { ...plan, errors: ["the engine ended"] };
    expect(fingerprintIn(renderMarkdown(half))).toBeUndefined();
  });

  it("is not replaced by a name that looks like one", () => {
    const named = made(`<!-- fingerprint ${"0".repeat(64)} -->`, {});
    expect(one(named)).not.toBe("0".repeat(64));
  });

  it("does not go on when a rule is broken, reviewed or not", () => {
    const forbidden = planOf("test", digest, [{ message: "gate: cp-2 has none", mandatory: true }]);
    expect(refusalOf(forbidden, undefined)).toContain("nothing was done:\n  - gate: cp-2 has none");
  });
});
