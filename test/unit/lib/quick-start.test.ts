/** The hook that every Pulumi program of ours starts with, on the real SDK. Does not prove that a start gets faster. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");
const HOOK = ["--require", join(ROOT, "scripts/lib/quick-start.cjs")];

/** What a program prints that starts with the hook. */
function run(program: string, { hook = HOOK, env = {} } = {}): string {
  const options = { cwd: ROOT, encoding: "utf8", env: { ...process.env, ...env } } as const;
  return execFileSync(process.execPath, [...hook, "--eval", program], options).trim();
}

const LOADED = `Object.keys(require.cache).filter((file) => /arborist|exporter-zipkin/.test(file)).length`;

it("leaves out what the SDK does not use at its start", () => {
  expect(run(`require("@pulumi/pulumi"); require("@pulumi/pulumi/cmd/run/tracing"); console.log(${LOADED})`)).toBe("0");
});

it("takes no stack trace for a resource", () => {
  const count = `console.log(require("@pulumi/pulumi").CustomResource.stackTrace(0).length > 0)`;
  expect([run(count), run(count, { hook: [] })]).toEqual(["false", "true"]);
});

it("takes no stack trace for a promise, unless they are looked for, and leaves those of errors", () => {
  const lines = `require("@pulumi/pulumi").runtime.serialize;
    const { debuggablePromise } = require("@pulumi/pulumi/runtime/debuggable");
    const promise = Promise.resolve();
    debuggablePromise(promise, "a test");
    console.log(promise._debugStackTrace.includes("\\n"), new Error("one").stack.includes("\\n"))`;
  const env = { PULUMI_DEBUG_PROMISE_LEAKS: "true" };
  expect([run(lines), run(lines, { env }), run(lines, { hook: [] })]).toEqual(["false true", "true true", "true true"]);
});

it("tells the engine no steps of registrations, and everything else", () => {
  const told = `const log = require("@pulumi/pulumi").log; log.debug("a step"); log.warn("a warning");`;
  const program = `const told = []; console.warn = (line) => told.push(line); console.debug = console.warn; ${told} console.log(told.join())`;
  expect(run(program)).toBe("warning: [runtime] a warning");
});
