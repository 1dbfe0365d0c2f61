/** The pack on the real program, on stack files, and started in each way that Pulumi has. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { parse } from "yaml";
import { policyArguments } from "../../policy/arguments";
import { paths } from "../../scripts/lib/paths";
import { testedStackFile } from "../stacks/stack-file";
import { Project } from "./project";

const PACK = join(paths.root, "policy");
const cleanUp: (() => void)[] = [];

afterAll(() => {
  for (const action of cleanUp) action();
});

async function project(directory: string, config: object = {}): Promise<Project> {
  const created = await Project.create(directory, "production", config);
  cleanUp.push(() => created.remove());
  return created;
}

it("lets the production stack pass as it is, and refuses it with an override of the gate", async () => {
  const file = readFileSync(testedStackFile("production"), "utf8");
  const { config } = parse(file) as { config: Record<string, object> };
  const kept = await (await project(paths.root, config)).preview();
  expect([kept.exitCode, kept.output.includes("[mandatory]")], kept.output).toEqual([0, false]);

  const gate = { ...config["gitops-platform:diskGate"], override: { reason: "the disks come next week" } };
  const loosened = await (await project(paths.root, { ...config, "gitops-platform:diskGate": gate })).preview();
  expect(loosened.exitCode, loosened.output).toBe(1);
  expect(loosened.output).toMatch(/\[mandatory\]\s+no-gate-override/);
});

it("turns the program's warnings into a refusal where a site wants it, but for what the stack file accepts", async () => {
  const file = readFileSync(testedStackFile("production"), "utf8");
  const { config } = parse(file) as { config: Record<string, object> };
  const settings = { "end-of-life": "mandatory", "known-vulnerabilities": "mandatory" };
  const accepted = [{ ids: ["kubernetes-1.27", "argocd-2.7"], reason: "both move in June", until: "9999-12-31" }];
  const stack = await project(paths.root, { ...config, "gitops-platform:acceptedNotices": accepted });
  const { exitCode, output } = await stack.preview({}, settings);
  expect(exitCode, output).toBe(1);
  expect(output).toMatch(/warning: CVE-2025-55190 \(2025-09-04\): in Argo CD before 2\.13\.9/);
  expect(output).toMatch(/\[mandatory\]\s+known-vulnerabilities/);
  expect(output).toContain("CVE-2025-55190 (2025-09-04) is known, and not fixed in the version that is used");
  expect(output).not.toMatch(/warning: (kubernetes-1\.27|argocd-2\.7)|\[mandatory\]\s+end-of-life/);
});

it("refuses a secret in clear in the stack file beside Pulumi.yaml, and doesn't repeat it", async () => {
  const clone = mkdtempSync(join(tmpdir(), "gitops-platform-program-"));
  cleanUp.push(() => rmSync(clone, { recursive: true, force: true }));
  const directory = join(clone, "test", "policy", "program");
  cpSync(join(__dirname, "program"), directory, { recursive: true });
  for (const name of ["node_modules", "components"]) symlinkSync(join(paths.root, name), join(clone, name));
  writeFileSync(join(directory, "Pulumi.production.yaml"), "config:\n  gitops-platform:adminPassword: hunter2\n");
  const { exitCode, output } = await (await project(directory)).preview();
  expect(exitCode, output).toBe(1);
  expect(output).toMatch(/\[mandatory\]\s+no-plain-secrets/);
  expect(output).toContain("Pulumi.production.yaml: gitops-platform:adminPassword is called adminPassword");
  expect(output).not.toContain("hunter2");
});

it("is named to Pulumi with a stack's settings, where it has some", () => {
  expect(policyArguments("production")).toEqual(["--policy-pack", join(PACK, "pack.js")]);
});

// The official language host starts a directory in one of the last two ways; here it can only be asked whether it serves.
it.each([
  ["a program", ["policy/pack.js"], paths.root],
  ["a directory of the project", ["@pulumi/pulumi/cmd/run-policy-pack", "127.0.0.1:1", "policy"], paths.root],
  ["the working directory", ["@pulumi/pulumi/cmd/run-policy-pack", "127.0.0.1:1", "."], PACK],
])("serves when it is started as %s", async (_case, [script = "", ...args], cwd) => {
  const program = script.startsWith("@") ? require.resolve(script) : join(paths.root, script);
  const child = spawn(process.execPath, [program, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  try {
    const printed = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString()));
      child.stderr.once("data", (chunk: Buffer) => reject(new Error(chunk.toString())));
    });
    expect(printed).toMatch(/^\d+\n/);
  } finally {
    child.kill();
  }
});
