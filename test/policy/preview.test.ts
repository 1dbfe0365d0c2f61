/** What a preview of scripts/local makes of the rules: on a site that only exists on paper, under the real engine. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { policyArguments } from "../../policy/arguments";
import { previewPlan } from "../../scripts/stack/access/preview-run";
import { exitCodeOf } from "../../scripts/stack/plan/plan";
import { Site } from "../plans/site";

const packs = vi.hoisted(() => ({ arguments: [] as readonly string[] }));
vi.mock("../../policy/arguments", async (original) => ({
  ...(await original<object>()),
  policyArguments: () => packs.arguments,
}));

let site: Site;
let directory: string;

beforeAll(async () => {
  site = await Site.make("production");
  directory = mkdtempSync(join(tmpdir(), "gitops-platform-pack-"));
});
afterAll(() => {
  site.remove();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  const real = await vi.importActual<{ policyArguments: typeof policyArguments }>("../../policy/arguments");
  packs.arguments = real.policyArguments("production");
});

it("has errors and warnings of the rules, by their enforcement", async () => {
  const settings = join(directory, "settings.json");
  writeFileSync(settings, JSON.stringify({ "end-of-life": "advisory", "known-vulnerabilities": "mandatory" }));
  packs.arguments = [...packs.arguments, "--policy-pack-config", settings];
  const plan = await previewPlan(site.access());
  expect(exitCodeOf(plan)).toBe(1);
  expect(plan.errors.join("\n")).toMatch(
    /^known-vulnerabilities: No version .*\nCVE-2024-10220 \(2024-11-20\) is known/,
  );
  expect(plan.errors.every((error) => error.startsWith("known-vulnerabilities: "))).toBe(true);
  const warnings = plan.warnings.filter((warning) => warning.startsWith("end-of-life: "));
  expect(warnings.map((warning) => warning.split("\n")[1])).toEqual([
    expect.stringMatching(/^argocd-2\.7 \(2024-02-05\) has reached its end of life\. To comply: /),
    expect.stringMatching(/^kubernetes-1\.27 \(2024-07-16\) has reached its end of life\. To comply: /),
  ]);
});

it("is broken when the pack can't be loaded", async () => {
  const pack = join(directory, "pack.js");
  writeFileSync(pack, "#!/usr/bin/env node\nthrow new Error('this pack has no rules');\n", { mode: 0o755 });
  packs.arguments = ["--policy-pack", pack];
  const plan = await previewPlan(site.access());
  expect(exitCodeOf(plan)).toBe(1);
  expect(plan.errors.join("\n")).toMatch(/pack/);
});

it("is broken when nobody started the pack", async () => {
  packs.arguments = [];
  const plan = await previewPlan(site.access());
  expect(plan.errors).toEqual([
    "policy/pack.js — did not start, so no rule was checked; run npx pulumi preview --policy-pack policy/pack.js to see why",
  ]);
});
