/** An operator's clone with the packages of production only. It proves that commands load, not that they do their work. */
import { execa } from "execa";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../../scripts/lib/paths";

const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-without-dev-"));
const clone = join(scratch, "clone");
const record = join(clone, "node_modules", ".package-lock.json");

beforeAll(async () => {
  await execa("git", ["clone", "--quiet", root, clone]);
  const flags = ["--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
  await execa("npm", ["ci", ...flags], { cwd: clone });
});

it("has no tool of the tests", () => {
  expect(existsSync(join(clone, "node_modules", "pulumi"))).toBe(true);
  expect(existsSync(join(clone, "node_modules", "vitest"))).toBe(false);
});

it.each(["deploy", "preview", "drift", "forget", "recover", "start", "stop", "mirror", "check-gitops", "seal"])(
  "npm run %s loads, and nothing is installed on top",
  async (name) => {
    const { mtimeMs } = statSync(record);
    const { exitCode, stdout, stderr } = await execa("npm", ["run", name, "--", "--help"], {
      cwd: clone,
      reject: false,
    });
    expect(exitCode, stdout + stderr).toBe(0);
    expect(stdout).toMatch(new RegExp(`^npm .*${name}`, "m"));
    expect(statSync(record).mtimeMs).toBe(mtimeMs);
  },
);

it("Pulumi's program loads, up to the configuration that it doesn't get here", async () => {
  const command = ["--require", "tsx/cjs", "--eval", 'require("./index.ts")'];
  const { stderr } = await execa(process.execPath, command, { cwd: clone, reject: false });
  expect(stderr).toMatch(/^ {2}- nodes is missing/m);
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));
