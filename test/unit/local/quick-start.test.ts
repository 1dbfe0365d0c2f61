/** The hook that every Pulumi program of ours starts with, on the real SDK. Does not prove that a start gets faster. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(__dirname, "..", "..", "..");

/** What a program prints that starts with the hook. */
function run(program: string): string {
  const hook = join(ROOT, "scripts/local/platform/quick-start.cjs");
  return execFileSync(process.execPath, ["--require", hook, "--eval", program], { cwd: ROOT, encoding: "utf8" }).trim();
}

const LOADED = `Object.keys(require.cache).filter((file) => /arborist|exporter-zipkin/.test(file)).length`;

it("leaves out what the SDK does not use at its start", () => {
  expect(run(`require("@pulumi/pulumi"); require("@pulumi/pulumi/cmd/run/tracing"); console.log(${LOADED})`)).toBe("0");
});

it("loads a package at its first use", () => {
  const paths = `require("@pulumi/pulumi/runtime/closure/codePaths").computeCodePaths({ extraIncludePaths: [] })`;
  expect(run(`${paths}.then((found) => console.log(found.size > 0, ${LOADED} > 0))`)).toBe("true true");
  expect(run(`require("@pulumi/pulumi/cmd/run/tracing").start("http://127.0.0.1:9"); console.log(${LOADED} > 0)`)).toBe(
    "true",
  );
});

it("takes no stack trace for a resource", () => {
  const count = `require("@pulumi/pulumi").CustomResource.stackTrace(0).length`;
  expect(run(`console.log(${count})`)).toBe("0");
  const plain = execFileSync(process.execPath, ["--eval", `console.log(${count} > 0)`], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(plain.trim()).toBe("true");
});
