import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CommandPlugin } from "../../command/command-plugin";
import type { EngineLog } from "../../protocol/engine-log";
import { type PropertyMap, Secret, UNKNOWN, Unknown } from "../../protocol/property-value";

/* What it doesn't prove: remote commands (remote-run.test.ts), and that the engine sees the same over gRPC (test/e2e). */

const LOCAL = "command:local:Command";
const lines: string[] = [];
const plugin = new CommandPlugin("0.0.0", {
  status: (_urn: string, line: string) => lines.push(line),
} as unknown as EngineLog);
const resource = {
  urn: "urn",
  name: "step",
  type: LOCAL,
  signal: new AbortController().signal,
  timeoutSeconds: undefined,
};
const directory = mkdtempSync(join(tmpdir(), "command-plugin-"));
afterAll(() => rmSync(directory, { recursive: true }));

const create = (inputs: PropertyMap, preview = false) => plugin.create({ ...resource, inputs, preview });
const update = (olds: PropertyMap, news: PropertyMap, preview = false) =>
  plugin.update({ ...resource, id: "x", oldInputs: olds, olds, news, preview });

describe("create", () => {
  it("gives both outputs, each without one trailing newline, beside the inputs", async () => {
    const inputs = { create: 'printf "a\\n\\n"; printf "b\\n" >&2', stdin: new Secret("s") };
    const { id, properties } = await create(inputs);
    expect(id).toMatch(/^step[0-9a-f]{8}$/);
    expect(properties).toEqual({ ...inputs, stdout: "a\n", stderr: "b" });
  });

  it("gives the command its input, place, environment and interpreter", async () => {
    const { properties } = await create({
      create: "print(open(0).read(), os.getcwd(), os.environ['X'])",
      interpreter: ["python3", "-c", "import os, sys; exec(sys.argv[1])"],
      dir: directory,
      stdin: "in",
      environment: { X: "y z" },
    });
    expect(properties.stdout).toBe(`in ${directory} y z`);
  });

  it("runs nothing without a command", async () => {
    expect((await create({ delete: "false" })).properties).toEqual({ delete: "false", stdout: "", stderr: "" });
  });

  it("runs nothing in a preview", async () => {
    const { properties } = await create({ create: `touch ${directory}/never` }, true);
    expect(properties.stdout).toBeInstanceOf(Unknown);
    expect(() => readFileSync(join(directory, "never"))).toThrow();
  });

  it.each([
    [
      "echo out; echo err >&2; sleep 0.1; exit 3",
      'exit status 3: running "echo out; echo err >&2; sleep 0.1; exit 3":\n',
    ],
    ["kill -9 $$", 'signal: killed: running "kill -9 $$":\n'],
  ])("words the failure of %j like the official plugin", async (command, text) => {
    await expect(create({ create: command })).rejects.toThrow(text);
  });

  it("never shows stdin in a failure", async () => {
    await expect(create({ create: "cat > /dev/null; exit 1", stdin: new Secret("TOPSECRET") })).rejects.not.toThrow(
      "TOPSECRET",
    );
  });

  it("repeats only the standard error of a command that logs nothing", async () => {
    const failing = create({ create: "echo SECRET; echo reason >&2; exit 1", logging: "none" });
    await expect(failing).rejects.toThrow(/:\nreason\n$/);
    await expect(failing).rejects.not.toThrow("\nSECRET");
  });

  it("names a directory that doesn't exist", async () => {
    await expect(create({ create: "true", dir: "/nowhere" })).rejects.toThrow("no such directory /nowhere");
  });

  it.each<[string | undefined, string[]]>([
    [undefined, ["e", "o", "o2"]],
    ["stdoutAndStderr", ["e", "o", "o2"]],
    ["stdout", ["o", "o2"]],
    ["stderr", ["e"]],
    ["none", []],
  ])("logging %s shows %j", async (logging, shown) => {
    lines.length = 0;
    await create({ create: "echo o; printf o2; echo e >&2", ...(logging === undefined ? {} : { logging }) });
    expect([...lines].sort()).toEqual(shown);
  });

  it("survives a line of a megabyte", async () => {
    const { properties } = await create({ create: "head -c 1000000 /dev/zero | tr '\\0' x" });
    expect(properties.stdout).toHaveLength(1_000_000);
  });

  it("ends an interrupted command with all that it started", async () => {
    const interrupt = new AbortController();
    const running = plugin.create({
      ...resource,
      signal: interrupt.signal,
      inputs: { create: `sleep 60 & echo $! > ${directory}/pid; wait` },
      preview: false,
    });
    setTimeout(() => interrupt.abort(), 300);
    await expect(running).rejects.toThrow("signal: terminated: running");
    const child = Number(readFileSync(join(directory, "pid"), "utf8"));
    await expect.poll(() => isRunning(child)).toBe(false);
  });
});

describe("update", () => {
  const olds = { create: "echo created", stdout: "old out", stderr: "" };

  it("runs update", async () => {
    expect(await update(olds, { create: "false", update: "echo updated" })).toMatchObject({ stdout: "updated" });
  });

  it("runs create when there is no update", async () => {
    expect(await update(olds, { create: "echo again" })).toMatchObject({ stdout: "again" });
  });

  it("keeps the outputs when there is neither", async () => {
    expect(await update(olds, { delete: "x" })).toEqual({ delete: "x", stdout: "old out", stderr: "" });
  });

  it("passes the previous output in the environment, unless told not to", async () => {
    const command = 'echo "$PULUMI_COMMAND_STDOUT/${PULUMI_COMMAND_STDERR-unset}"';
    expect(await update(olds, { create: command })).toMatchObject({ stdout: "old out/unset" });
    expect(await update(olds, { create: command, addPreviousOutputInEnv: false })).toMatchObject({ stdout: "/unset" });
  });

  it("knows no output in a preview", async () => {
    const preview = await update(olds, { create: UNKNOWN }, true);
    expect(preview.stdout).toBeInstanceOf(Unknown);
    expect((await update(olds, { create: "echo other" }, true)).stdout).toBeInstanceOf(Unknown);
  });
});

it("deletes by the old state", async () => {
  const olds = { delete: `cat > ${directory}/deleted`, stdin: new Secret("bye"), stdout: "", stderr: "" };
  await plugin.delete({ ...resource, id: "x", oldInputs: {}, olds });
  expect(readFileSync(join(directory, "deleted"), "utf8")).toBe("bye");
});

it.each<[PropertyMap, PropertyMap, [string, boolean][]]>([
  [{ create: "a" }, { create: "a" }, []],
  [{ create: "a" }, { create: "b" }, [["create", false]]],
  [{ stdin: "a" }, { stdin: new Secret("b") }, [["stdin", false]]],
  [{ connection: { port: 1 } }, { connection: new Secret({ port: 2 }) }, [["connection.port", false]]],
  [{ logging: "none" }, {}, [["logging", false]]],
  [{ triggers: ["a"] }, { triggers: ["b"] }, [["triggers[0]", true]]],
  [{}, { triggers: ["a"] }, [["triggers", true]]],
  [{ triggers: ["a"] }, { triggers: [UNKNOWN] }, [["triggers[0]", true]]],
])("diff %o → %o", async (oldInputs, news, expected) => {
  const { changes } = await plugin.diff({ ...resource, id: "x", oldInputs, olds: {}, news });
  expect([...changes].map(([path, { replace }]) => [path, replace])).toEqual(expected);
});

it("runs local.run as a function", async () => {
  const args = { command: "echo $X", environment: { X: "1" } };
  const result = await plugin.invoke({ token: "command:local:run", args, signal: resource.signal });
  expect(result).toEqual({ ...args, stdout: "1", stderr: "" });
});

it("says what it doesn't cover", async () => {
  const copy = plugin.check({ ...resource, type: "command:remote:CopyToRemote", olds: {}, news: {} });
  await expect(copy).rejects.toThrow(/^command stand-in — command:remote:CopyToRemote is not covered/);
});

/** Whether a process lives; one that nobody has waited for yet doesn't. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
