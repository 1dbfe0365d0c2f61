/**
 * The text of the comment that a merge request gets, from plans that the real engine made of the real program, and the
 * terminal's. Does not prove that the engine's plans are right.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderMarkdown } from "../../../scripts/stack/plan/markdown";
import { brokenPlan, exitCodeOf, planOf } from "../../../scripts/stack/plan/plan";
import { renderTerminal } from "../../../scripts/stack/plan/terminal";
import { REMOTE_COMMAND, TOKENS } from "../../../components/tokens";
import { clusterStep, digestOf, expectedComment, recorded, step } from "./digests";

const SOURCE = { commit: "0123456789abcdef0123", url: "https://git.example.org/platform/infra/-/pipelines/7" };
const stackOf = (name: string): string => (name.startsWith("container-") ? "local" : "production");
const EXIT_CODES: Readonly<Record<string, number>> = { "no-change": 0, "protected-removed": 1 };

describe("the comment on a recorded plan", () => {
  const names = readdirSync(join(__dirname, "recorded")).flatMap((file) => /^(.*)\.json$/.exec(file)?.[1] ?? []);
  it.each(names)("%s", (name) => {
    const plan = planOf(stackOf(name), recorded(name));
    expect(renderMarkdown(plan, SOURCE)).toBe(expectedComment(name));
    expect(exitCodeOf(plan)).toBe(EXIT_CODES[name] ?? 7);
  });

  it("is the same in whatever order the engine went", () => {
    const digest = recorded("machine-replaced");
    const backwards = { ...digest, steps: [...(digest.steps ?? [])].reverse() };
    expect(renderMarkdown(planOf("production", backwards), SOURCE)).toBe(expectedComment("machine-replaced"));
  });
});

describe("a secret in a plan", () => {
  it("shows by name only, where it is marked", () => {
    const text = renderMarkdown(planOf("production", recorded("secret-rotated")));
    expect(text).toContain("`data.sshPrivateKey (secret)`");
    expect(text).not.toMatch(/PRIVATE KEY|\[secret\]/);
  });

  it.each([
    ["the content of a Secret", ["kubernetes:core/v1:Secret"], "data.note"],
    ["what is called a password", ["kubernetes:core/v1:ConfigMap"], "data.adminPassword"],
    ["what is called a token", ["kubernetes:core/v1:ConfigMap"], "spec.joinToken"],
  ])("shows by name only, where it is not: %s", (_what, types, path) => {
    const [section = "", key = ""] = path.split(".");
    const state = (value: string) => ({ type: types[0] ?? "", custom: true, inputs: { [section]: { [key]: value } } });
    const changed = step("update", types, "thing", {
      ...{ oldState: state("hunter1"), newState: state("hunter2"), detailedDiff: { [path]: { kind: "update" } } },
    });
    const plan = planOf("test", digestOf({}, [changed]));
    for (const text of [renderMarkdown(plan), renderTerminal(plan, false)]) {
      expect(text).toContain(`${path} (secret)`);
      expect(text).not.toContain("hunter");
    }
  });

  it("doesn't show in a script, of which a plan shows nothing", () => {
    const state = (stdin: string) => ({ type: REMOTE_COMMAND, custom: true, inputs: { stdin } });
    const changed = clusterStep("update", "cp-1", "join", {
      oldState: state("export JOIN_TOKEN='abcdef.1'\nrun\n"),
      newState: state("export JOIN_TOKEN='abcdef.2'\nrun faster\n"),
      detailedDiff: { stdin: { kind: "update" } },
    });
    const text = renderTerminal(planOf("test", digestOf({ "cp-1": "control-plane" }, [changed])), false);
    expect(text).toContain("  ~ test-cp-1-join  joins the cluster, or founds it\n        its script\n");
    expect(text).not.toContain("abcdef");
  });
});

describe("a preview that fails", () => {
  it("is a comment with the program's own sentence, and exit code 1", () => {
    const message =
      "error: The configuration of stack test has 1 problem; nothing was changed:\n  - nodes has no control plane";
    const diagnostics = [
      { message, severity: "error" },
      { message: "error: preview failed", severity: "error" },
      { message: "warning: ssh.privateKey is missing", severity: "warning" },
    ];
    const plan = planOf("test", { diagnostics: [...diagnostics].reverse() });
    expect(plan).toEqual(planOf("test", { diagnostics }));
    expect(plan.errors).toEqual([
      "The configuration of stack test has 1 problem; nothing was changed:\n  - nodes has no control plane",
    ]);
    expect(plan.warnings).toEqual(["ssh.privateKey is missing"]);
    expect(exitCodeOf(plan)).toBe(1);
    expect(renderMarkdown(plan)).toContain("### Plan for test: broken");
  });

  it("says what the engine said where there is no plan at all", () => {
    const plan = brokenPlan("test", "stack test — is not in this backend");
    expect(exitCodeOf(plan)).toBe(1);
    expect(renderTerminal(plan, false)).toContain("! stack test — is not in this backend");
  });

  it("is one that breaks a mandatory rule; an advisory one is a warning", () => {
    const plan = planOf("test", { steps: [] }, [
      { message: "gate-everywhere: cp-2 has no disk gate", mandatory: true },
      { message: "end-of-life: 1.27 ended on 2024-06-28", mandatory: false },
    ]);
    expect(plan.errors).toEqual(["gate-everywhere: cp-2 has no disk gate"]);
    expect(plan.warnings).toEqual(["end-of-life: 1.27 ended on 2024-06-28"]);
    expect(exitCodeOf(plan)).toBe(1);
  });
});

describe("a comment's form", () => {
  it("neither formats nor mentions anyone through what things are called", () => {
    const plan = brokenPlan("test", "<img src=x> @everyone *bold* [link](http://example.org)");
    const text = renderMarkdown(plan);
    expect(text).not.toMatch(/<img|@everyone|(?<!\\)\*bold/);
  });

  it("stays under what GitHub takes, and says what it left out", () => {
    const nodes = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`w-${index}`, "worker"]));
    const steps = Object.keys(nodes).flatMap((name) =>
      Array.from({ length: 10 }, (_, index) =>
        step("create", [TOKENS.localMachine, REMOTE_COMMAND], `${name}-step-${index}-with-a-long-name`, {
          owner: name,
        }),
      ),
    );
    const text = renderMarkdown(planOf("test", digestOf(nodes, steps)));
    expect(text.length).toBeLessThanOrEqual(60_000);
    expect(text).toContain("1500 to create");
    expect(text).toContain("too long to show here");
  });

  it("sorts worker-10 after worker-9", () => {
    const steps = ["worker-10-x", "worker-9-x"].map((name) => step("create", [REMOTE_COMMAND], name));
    const text = renderTerminal(planOf("test", digestOf({}, steps)), false);
    expect(text.indexOf("worker-9-x")).toBeLessThan(text.indexOf("worker-10-x"));
  });
});
