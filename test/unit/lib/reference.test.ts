import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { root } from "../../../scripts/lib/paths";

it("the generated pages of docs/reference say what the program is now", () => {
  const command = ["--require", "tsx/cjs", "scripts/dev/reference.ts", "--check"];
  expect(execFileSync(process.execPath, command, { cwd: root, encoding: "utf8" })).toMatch(/: up to date\n$/);
}, 30_000);
