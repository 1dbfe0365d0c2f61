/** What V8 compiled is kept for the next start, and never taken for another module's. Does not prove that it is faster. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import Module from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

const CACHE = join(__dirname, "..", "..", "..", "scripts/lib/compile-cache.cjs");

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gitops-platform-compiled-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Node.js 22 keeps a directory of its own, in its own way. */
const OURS = !("enableCompileCache" in Module);

const write = (name: string, text: string): void => {
  writeFileSync(join(directory, name), text);
};

/** What main.cjs prints, started with the cache. */
function run(main: string): string {
  write("main.cjs", main);
  const begin = `require(${JSON.stringify(CACHE)}).keepCompiled(${JSON.stringify(join(directory, "kept"))});
    require(${JSON.stringify(join(directory, "main.cjs"))});`;
  return execFileSync(process.execPath, ["--eval", begin], { encoding: "utf8", cwd: directory }).trim();
}

function kept(): string {
  const [file = ""] = readdirSync(join(directory, "kept"));
  return join(directory, "kept", file);
}

const PRINT = `console.log(require("./part.cjs").value)`;

it.runIf(OURS)("is written once, and read after that", () => {
  write("part.cjs", "exports.value = 1");
  expect(run(PRINT)).toBe("1");
  const { ino } = statSync(kept());
  expect([run(PRINT), statSync(kept()).ino]).toEqual(["1", ino]);
});

it("has nothing for a module whose text has changed, of whatever length", () => {
  write("part.cjs", "exports.value = 1");
  expect(run(PRINT)).toBe("1");
  write("part.cjs", "exports.value = 2");
  expect(run(PRINT)).toBe("2");
  write("part.cjs", "exports.value = 1");
  expect(run(PRINT)).toBe("1");
});

it.runIf(OURS)("keeps what another program loads", () => {
  write("part.cjs", "exports.value = 1");
  write("other.cjs", "exports.value = 2");
  const other = PRINT.replace("part", "other");
  expect([run(PRINT), run(other)]).toEqual(["1", "2"]);
  const size = readFileSync(kept()).length;
  expect([run(PRINT), run(other), readFileSync(kept()).length]).toEqual(["1", "2", size]);
});

it.runIf(OURS).each([
  ["cut short", () => truncateSync(kept(), 100)],
  ["empty", () => truncateSync(kept(), 0)],
  ["something else", () => writeFileSync(kept(), "not a cache at all")],
])("goes on with a file that is %s", (_case, spoil) => {
  write("part.cjs", "exports.value = 1");
  run(PRINT);
  spoil();
  expect([run(PRINT), run(PRINT)]).toEqual(["1", "1"]);
});

it("gives a module all that Node.js gives it, from the cache too", () => {
  write("part.mjs", "export const value = 3");
  write("part.json", '{ "value": 4 }');
  const main = `#!/usr/bin/env node
    const { sep } = require("node:path");
    console.log(
      typeof exports, this === module.exports, __filename === __dirname + sep + "main.cjs", module.id === __filename,
      require.resolve("./part.json") === __dirname + sep + "part.json", require.resolve.paths("x").length > 0,
      require.cache[__filename] === module, typeof require.extensions[".js"], require.main,
      require("./part.json").value,
    );
    import("./part.mjs").then(({ value }) => console.log(value));
    try { require("./missing.cjs") } catch ({ code }) { console.log(code) }
    console.log(new Error("here").stack.split("\\n")[1].trim());`;
  const first = run(main);
  expect(first.split("\n")).toEqual([
    "object true true true true true true function undefined 4",
    "MODULE_NOT_FOUND",
    `at Object.<anonymous> (${join(directory, "main.cjs")}:11:17)`,
    "3",
  ]);
  expect(run(main)).toBe(first);
});
