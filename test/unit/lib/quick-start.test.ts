/** The hook that previews start with, on the real SDK. Does not prove that a preview gets faster: bench/preview.md. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");
const HOOK = join(ROOT, "scripts/lib/quick-start.cjs");
const SDK = join(ROOT, "node_modules/@pulumi/pulumi");
const scratch = mkdtempSync(join(tmpdir(), "gitops-platform-quick-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** What a program prints that starts as Pulumi starts one: by the SDK's cmd/run, here one that runs the program alone. */
function run(program: string, { hook = true, env = {} } = {}): string {
  const begin = `process.argv[1] = ${JSON.stringify(join(SDK, "cmd", "run"))};`;
  const preload = join(scratch, "argv.cjs");
  writeFileSync(preload, begin);
  const options = { cwd: ROOT, encoding: "utf8", env: { ...process.env, ...env } } as const;
  const flags = ["--require", preload, ...(hook ? ["--require", HOOK] : [])];
  const file = join(ROOT, "node_modules", ".cache", `quick-start-${process.pid}.cjs`);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, program);
  try {
    return execFileSync(process.execPath, [...flags, file], options).trim();
  } finally {
    rmSync(file);
  }
}

it("takes no stack trace for a resource", () => {
  const count = `console.log(require("@pulumi/pulumi").CustomResource.stackTrace(0).length > 0)`;
  expect([run(count), run(count, { hook: false })]).toEqual(["false", "true"]);
});

it("takes no stack trace for a promise, unless they are looked for, and leaves those of errors", () => {
  const lines = `require("@pulumi/pulumi").runtime.serialize;
    const { debuggablePromise } = require("@pulumi/pulumi/runtime/debuggable");
    const promise = Promise.resolve();
    debuggablePromise(promise, "a test");
    console.log(promise._debugStackTrace.includes("\\n"), new Error("one").stack.includes("\\n"))`;
  const env = { PULUMI_DEBUG_PROMISE_LEAKS: "true" };
  expect([run(lines), run(lines, { env }), run(lines, { hook: false })]).toEqual([
    "false true",
    "true true",
    "true true",
  ]);
});

it("sends the engine no steps of registrations, and everything else", () => {
  const told = `const log = require("@pulumi/pulumi").log; log.debug("a step"); log.warn("a warning");`;
  const program = `const told = []; console.warn = (line) => told.push(line); console.debug = console.warn; ${told} console.log(told.join())`;
  expect(run(program)).toBe("warning: [runtime] a warning");
});

it.each([
  ["3.259.0", ""],
  [
    "3.260.0",
    "scripts/lib/quick-start.cjs — was tested with @pulumi/pulumi 3.259.0, this is 3.260.0: the preview runs on the plain SDK, ",
  ],
])("with version %s of the SDK replaces or warns", (version, warning) => {
  const sdk = join(scratch, version, "@pulumi", "pulumi");
  mkdirSync(join(sdk, "cmd", "run"), { recursive: true });
  writeFileSync(join(sdk, "package.json"), JSON.stringify({ version }));
  writeFileSync(join(sdk, "log.js"), "exports.debug = () => 'kept';");
  writeFileSync(
    join(sdk, "cmd", "run", "index.js"),
    "process.stdout.write(String(require('../../log').debug() === 'kept'))",
  );
  const { stdout, stderr } = spawnSync(process.execPath, ["--require", HOOK, join(sdk, "cmd", "run", "index.js")], {
    encoding: "utf8",
  });
  expect([stdout, stderr.startsWith(warning), stderr === ""]).toEqual([String(warning !== ""), true, warning === ""]);
});

it("leaves every other process alone", () => {
  const other = join(scratch, "other.cjs");
  cpSync(HOOK, join(scratch, "hook.cjs"));
  writeFileSync(other, "process.stdout.write(String(require('node:module')._load.toString().includes('replaceIn')))");
  expect(execFileSync(process.execPath, ["--require", join(scratch, "hook.cjs"), other], { encoding: "utf8" })).toBe(
    "false",
  );
});
