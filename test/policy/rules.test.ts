/**
 * Every rule, broken under a real engine: the preview ends with 1 and says how to comply. Does not prove what else
 * breaks a rule: test/unit/policy.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finding, Findings } from "../../policy/findings";
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

/** A preview, and what the pack handed over beside it. */
async function previewWithFindings(
  env: Record<string, string>,
  settings?: object,
): Promise<{ preview: Preview; findings: readonly Finding[] | undefined }> {
  const findings = new Findings();
  try {
    const preview = await project.preview({ ...env, ...findings.env }, settings);
    return { preview, findings: findings.read() };
  } finally {
    findings.remove();
  }
}

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
  const { preview, findings } = await previewWithFindings({});
  expect(findings).toEqual([]);
  expect(preview.output).toContain("✅ gitops-platform@v");
  // A rule that met a value too early would say so.
  expect(preview.output).not.toContain("can't run policy");
  expect([preview.exitCode, broken(preview)]).toEqual([0, []]);
  expectNoSecret(preview);
});

describe("refuses with a sentence", () => {
  const always = RULES.filter(({ enforcement, name }) => enforcement === "mandatory" && name !== "no-plain-secrets");
  it.each(always.map((rule) => [rule.name, rule] as const))("%s", async (name, rule) => {
    const { preview, findings } = await previewWithFindings({ BREAK: name });
    expect([preview.exitCode, broken(preview)], preview.output).toEqual([1, [name]]);
    expect(flat(preview.output)).toContain(flat(`To comply: ${rule.comply}.`));
    expectNoSecret(preview);
    // The same as the engine was told.
    expect(new Set(findings?.map(({ policy, mandatory }) => [policy, mandatory].join()))).toEqual(
      new Set([`${name},true`]),
    );
    for (const { message, urn } of findings ?? []) {
      expect(message).toContain(`To comply: ${rule.comply}.`);
      expect(urn).toMatch(/^urn:pulumi:production::/);
    }
    expectNoSecret({ exitCode: 0, output: JSON.stringify(findings) });
  });

  it("what a site's settings turn on", async () => {
    const settings = { "end-of-life": "mandatory", "known-vulnerabilities": "mandatory" };
    const preview = await project.preview({}, settings);
    expect([preview.exitCode, broken(preview).sort()], preview.output).toEqual([1, Object.keys(settings)]);
    expect(preview.output).toContain("kubernetes-1.27 (2024-07-16) has reached its end of life");
  });

  it("as a warning what a site's settings make advisory", async () => {
    const { preview, findings } = await previewWithFindings(
      { BREAK: "control-planes" },
      { "control-planes": "advisory" },
    );
    expect(preview.exitCode, preview.output).toBe(0);
    expect(findings?.map(({ policy, mandatory }) => [policy, mandatory])).toEqual([["control-planes", false]]);
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
