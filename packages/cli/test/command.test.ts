/** How a declared command understands its command line, and what it prints about itself. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { defineCommand, runCommand, usageOf } from "../command";

const seen: unknown[] = [];
const command = defineCommand({
  name: "npm run try",
  summary: "Tries something.",
  arguments: [
    { name: "STACK", summary: "a stack" },
    { name: "NAME", summary: "names", many: true, optional: true },
  ],
  flags: {
    yes: { type: "boolean", summary: "does it" },
    out: { type: "string", value: "FILE", summary: "a file" },
    path: { type: "string", value: "PATH", multiple: true, summary: "paths" },
    scope: { type: "string", value: "SCOPE", default: "strict", summary: "a scope" },
  },
  exits: { 0: "done", 7: "shown" },
  run: async ([stack, names], { out, path, scope, yes }) => {
    if (stack === "broken") throw new Error("can't open postgres://u:hunter22@db/state");
    seen.push({ stack, names, out, path, scope, yes });
    return yes ? 0 : 7;
  },
});

afterEach(() => {
  vi.restoreAllMocks();
  seen.length = 0;
});

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const stdout = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const code = await runCommand(command, argv);
  return { code, stdout: stdout.mock.calls.join(""), stderr: stderr.mock.calls.join("") };
}

const USAGE = "npm run try -- STACK [NAME …] [--yes] [--out FILE] [--path PATH …] [--scope SCOPE]";

it("gives arguments and flags by their declaration, and the exit code", async () => {
  expect(await run("staging", "a", "--path", "x", "b", "--path=y", "--yes")).toEqual({
    code: 0,
    stdout: "",
    stderr: "",
  });
  expect((await run("staging")).code).toBe(7);
  expect(seen).toEqual([
    { stack: "staging", names: ["a", "b"], out: undefined, path: ["x", "y"], scope: "strict", yes: true },
    { stack: "staging", names: [], out: undefined, path: undefined, scope: "strict", yes: false },
  ]);
});

it("prints its usage", async () => {
  expect(usageOf(command)).toBe(USAGE);
  const { code, stdout } = await run("--help");
  expect(code).toBe(0);
  expect(stdout).toBe(`${USAGE}

Tries something.

Arguments
  STACK  a stack
  NAME   names

Flags
  --yes          does it
  --out FILE     a file
  --path PATH    paths
  --scope SCOPE  a scope (default: strict)
  --help         prints this text

Exit codes
  0  done
  2  wrong command line; nothing was done
  7  shown
`);
  expect(seen).toEqual([]);
});

describe("a wrong command line is one sentence and the usage, exit code 2", () => {
  it.each<[string, readonly string[], string]>([
    ["a missing argument", [], "STACK is missing"],
    ["an unknown flag, whose value is not repeated", ["staging", "--secret=hunter22"], "has no flag --secret"],
    ["a flag without its value", ["staging", "--out"], "--out needs a value (FILE)"],
    ["a value that a flag does not take", ["staging", "--yes=hunter22"], "--yes takes no value"],
  ])("%s", async (_case, argv, problem) => {
    expect(await run(...argv)).toEqual({
      code: 2,
      stdout: "",
      stderr: `npm run try — ${problem}\nusage: ${USAGE}\n`,
    });
    expect(seen).toEqual([]);
  });

  it("too many arguments", async () => {
    const one = defineCommand({ ...command, arguments: [{ name: "STACK", summary: "a stack" }], run: async () => 0 });
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await runCommand(one, ["a", "b"])).toBe(2);
    expect(stderr.mock.calls.join("")).toMatch(/^npm run try — got 2 arguments, need 1 at most\nusage: /);
  });
});

it("an error is printed redacted, exit code 1", async () => {
  expect(await run("broken")).toEqual({
    code: 1,
    stdout: "",
    stderr: "can't open postgres://u:[redacted]@db/state\n",
  });
});
