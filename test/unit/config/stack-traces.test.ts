/** How many frames a stack trace has where Pulumi runs the program, and elsewhere. */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { root } from "../../../scripts/lib/paths";

function limit(env: NodeJS.ProcessEnv): string {
  const load = 'require("./config/stack-traces"); process.stdout.write(String(Error.stackTraceLimit))';
  const all = { ...process.env, NODE_OPTIONS: "", ...env };
  return spawnSync(process.execPath, ["--require", "tsx/cjs", "--eval", load], {
    cwd: root,
    env: all,
  }).stdout.toString();
}

it.each([
  ["Pulumi's program", { PULUMI_NODEJS_MONITOR: "127.0.0.1:1" }, "1"],
  [
    "Pulumi's program with a limit",
    { PULUMI_NODEJS_MONITOR: "127.0.0.1:1", NODE_OPTIONS: "--stack-trace-limit=30" },
    "30",
  ],
  ["a test or tool that loads it", {}, "10"],
])("%s", (_, env, frames) => {
  expect(limit(env)).toBe(frames);
});
