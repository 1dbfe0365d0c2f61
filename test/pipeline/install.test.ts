/** Jobs of one pipeline that start together on one runner, and find no Pulumi there. */
import { execa } from "execa";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { paths, root } from "../../scripts/lib/paths";

const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-install-"));
const home = join(scratch, "home");

/** Makes Pulumi's programs ready in a process of its own. @returns what it told */
async function install(): Promise<string> {
  const options = JSON.stringify({ home, cache: paths.cache });
  const code = `const { ensurePulumi } = require("@gitops-platform/mirror/pulumi/ensure");
    void ensurePulumi({ ...${options}, log: (line) => process.stdout.write(line + "\\n") });`;
  return (await execa(process.execPath, ["--require", "tsx/cjs", "--eval", code], { cwd: root })).stdout;
}

it("one of them installs, the others wait and find all in place", async () => {
  const told = await Promise.all([install(), install(), install()]);
  const quiet = told.filter((text) => /^(Pulumi's programs are being installed by process \d+; waiting)?$/.test(text));
  expect(quiet, told.join("\n")).toHaveLength(2);
  expect(existsSync(join(home, "gitops-platform.json"))).toBe(true);
  expect(readdirSync(scratch), "a lock was left").toEqual(["home"]);
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));
