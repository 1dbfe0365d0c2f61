/** The hook of previews, on the real SDK. Does not prove that a preview gets faster: bench/preview.md. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { quickPreview } from "../../../scripts/lib/pulumi";
import { root } from "../../../scripts/lib/paths";

const SDK = join(root, "node_modules", "@pulumi", "pulumi");
let scratch: string;
let otherSdk: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "gitops-platform-quick-start-"));
  otherSdk = join(scratch, "@pulumi", "pulumi");
  mkdirSync(otherSdk, { recursive: true });
  writeFileSync(join(otherSdk, "package.json"), '{ "version": "9.9.9" }');
});
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** What a program prints that an SDK's `cmd/run` starts, with the hook. */
function run(program: string, { sdk = SDK, env = {} } = {}): { stdout: string; stderr: string } {
  const start = join(scratch, "start.cjs");
  writeFileSync(start, `process.argv[1] = ${JSON.stringify(join(sdk, "cmd", "run"))};`);
  const options = `--require "${start}" ${quickPreview["NODE_OPTIONS"] ?? ""}`;
  const { stderr, stdout } = spawnSync(process.execPath, ["--eval", program], {
    ...{ cwd: root, encoding: "utf8", env: { ...process.env, NODE_OPTIONS: options, ...env } },
  });
  return { stdout: stdout.trim(), stderr: stderr.trim() };
}

const TRACE = `console.log(require("@pulumi/pulumi").CustomResource.stackTrace(0).length > 0)`;

it("takes no stack trace for a resource", () => {
  expect(run(TRACE)).toEqual({ stdout: "false", stderr: "" });
});

it("leaves an SDK that it was not tested with as it is, and warns", () => {
  const { stderr, stdout } = run(TRACE, { sdk: otherSdk });
  expect(stdout).toBe("true");
  expect(stderr).toMatch(/^scripts\/lib\/quick-start\.cjs — was tested with @pulumi\/pulumi [\d.]+, this is 9\.9\.9: /);
});

it("leaves the other programs that Pulumi starts as they are", () => {
  expect(run(TRACE, { sdk: join(scratch, "a-plugin") })).toEqual({ stdout: "true", stderr: "" });
});

it("takes no stack trace for a promise, unless they are looked for, and leaves those of errors", () => {
  const lines = `require("@pulumi/pulumi").runtime.serialize;
    const { debuggablePromise } = require("@pulumi/pulumi/runtime/debuggable");
    const promise = Promise.resolve();
    debuggablePromise(promise, "a test");
    console.log(promise._debugStackTrace.includes("\\n"), new Error("one").stack.includes("\\n"))`;
  const env = { PULUMI_DEBUG_PROMISE_LEAKS: "true" };
  expect([run(lines).stdout, run(lines, { env }).stdout]).toEqual(["false true", "true true"]);
});

it("sends the engine no debug messages, and everything else", () => {
  const sent = `const log = require("@pulumi/pulumi").log; log.debug("a step"); log.warn("a warning");`;
  const program = `const sent = []; console.warn = (line) => sent.push(line); console.debug = console.warn; ${sent} console.log(sent.join())`;
  expect(run(program).stdout).toBe("warning: [runtime] a warning");
});
