/**
 * Every rule, broken under a real engine: the preview ends with 1 and says how to comply. Does not prove what else
 * breaks a rule: test/unit/policy.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RULES } from "../../policy/rules";
import { type Preview, Project } from "./project";

const SECRET = "a-value-that-nobody-may-see";
const FORMS = [SECRET, Buffer.from(SECRET).toString("base64")];

let project: Project;

beforeAll(async () => {
  project = await Project.create(join(__dirname, "program"), "production");
});

afterAll(() => {
  project.remove();
});

/** The rules that a preview reports as broken. */
function broken({ output }: Preview): string[] {
  return [
    ...new Set([...output.matchAll(/^\s*- \[mandatory\]\s+(?:\(\w+\)\s+)?([a-z-]+)/gm)].map(([, name = ""]) => name)),
  ];
}

function expectNoSecret({ output }: Preview): void {
  for (const form of FORMS) expect(output).not.toContain(form);
}

it("lets a program pass that keeps them all", async () => {
  const preview = await project.preview();
  expect(preview.output).toContain("✅ gitops-platform@v");
  // A rule that met a value too early would say so.
  expect(preview.output).not.toContain("can't run policy");
  expect([preview.exitCode, broken(preview)]).toEqual([0, []]);
  expectNoSecret(preview);
});

describe("refuses with a sentence", () => {
  const always = RULES.filter(({ enforcement, name }) => enforcement === "mandatory" && name !== "no-plain-secrets");
  it.each(always.map((rule) => [rule.name, rule] as const))("%s", async (name, rule) => {
    const preview = await project.preview({ BREAK: name });
    expect([preview.exitCode, broken(preview)], preview.output).toEqual([1, [name]]);
    expect(flat(preview.output)).toContain(flat(`To comply: ${rule.comply}.`));
    expectNoSecret(preview);
  });

  it("what a site's settings turn on", async () => {
    const settings = { "end-of-life": "mandatory", "known-vulnerabilities": "mandatory" };
    const preview = await project.preview({}, settings);
    expect([preview.exitCode, broken(preview).sort()], preview.output).toEqual([1, Object.keys(settings)]);
    expect(preview.output).toContain("kubernetes-1.27 (2024-07-16) has reached its end of life");
  });

  it("nothing that a site's settings turn off, or say isn't production", async () => {
    const off = await project.preview({ BREAK: "host-keys" }, { "host-keys": "disabled" });
    expect(off.exitCode, off.output).toBe(0);
    const staging = await project.preview({ BREAK: "control-planes" }, { "control-planes": { stacks: ["paris"] } });
    expect(staging.exitCode, staging.output).toBe(0);
  });
});

/** The CLI wraps and indents what it prints. */
function flat(text: string): string {
  return text.replace(/\s+/g, " ");
}
