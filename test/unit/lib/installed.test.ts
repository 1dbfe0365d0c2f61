/** Whether node_modules holds what package-lock.json says; npm's own record is made up here. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { root } from "../../../scripts/lib/paths";

const LOCKED = {
  "": { name: "program" },
  "node_modules/a": { version: "1.0.0", integrity: "sha512-a" },
  "node_modules/for-windows": { version: "1.0.0", integrity: "sha512-w", optional: true },
  "node_modules/test-tool": { version: "2.0.0", integrity: "sha512-t", dev: true },
  "node_modules/workspace": { resolved: "packages/workspace", link: true },
};
const { "node_modules/a": a, "node_modules/test-tool": tool, "node_modules/workspace": workspace } = LOCKED;
const PRODUCTION = { "node_modules/a": a, "node_modules/workspace": workspace };
const ALL = { ...PRODUCTION, "node_modules/test-tool": tool };

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "gitops-platform-installed-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function exitCode(packages: object | undefined, ...args: readonly string[]): number | null {
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages: LOCKED }));
  if (packages) {
    mkdirSync(join(folder, "node_modules"), { recursive: true });
    writeFileSync(join(folder, "node_modules", ".package-lock.json"), JSON.stringify({ packages }));
  }
  return spawnSync(process.execPath, [join(root, "scripts/lib/installed.cjs"), ...args], { cwd: folder }).status;
}

it.each<[string, object | undefined, number, number]>([
  ["all", ALL, 0, 0],
  ["those of production", PRODUCTION, 0, 1],
  ["none", undefined, 1, 1],
  ["another version", { ...ALL, "node_modules/a": { ...a, version: "1.0.1" } }, 1, 1],
  ["another content", { ...ALL, "node_modules/a": { ...a, integrity: "sha512-b" } }, 1, 1],
  ["a test tool of another version", { ...ALL, "node_modules/test-tool": { ...tool, version: "1.0.0" } }, 1, 1],
  ["no workspace", { "node_modules/a": a, "node_modules/test-tool": tool }, 1, 1],
])("installed: %s", (_, packages, operator, developer) => {
  expect([exitCode(packages), exitCode(packages, "--dev")]).toEqual([operator, developer]);
});
