/** A stack file that is no YAML is a problem of the configuration like any other. No sentence repeats what stands there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readStackYaml, StackFileError } from "../../../scripts/lib/stack-yaml";

const folder = mkdtempSync(join(tmpdir(), "gitops-platform-stack-yaml-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string): ReturnType<typeof readStackYaml> {
  const file = join(folder, "Pulumi.staging.yaml");
  writeFileSync(file, text);
  return readStackYaml(file);
}

it.each([
  ["a tab", "config:\n  a: 1\n\tb: hunter2\n", "line 3, column 1, is not YAML: Tabs are not allowed as indentation"],
  ["an open quote", 'config:\n  a: "hunter2\n', 'line 3, column 1, is not YAML: Missing closing "quote'],
  ["a key given twice", "config:\n  a: 1\n  a: hunter2\n", "line 3, column 3, is not YAML: Map keys must be unique"],
  ["an alias without an anchor", "config: *hunter2\n", "somewhere, has an alias (*name) without its anchor (&name)"],
  ["a list", "- hunter2\n", "line 1, is no stack file (need keys, config: among them)"],
])("%s is named by its place", (_what, text, problem) => {
  const frame = "The configuration of stack staging has 1 problem; nothing was changed:\n  - Pulumi.staging.yaml, ";
  const error = (() => {
    try {
      return read(text);
    } catch (thrown) {
      return thrown;
    }
  })();
  if (!(error instanceof StackFileError)) throw new Error("the file was read");
  expect(error.message.startsWith(frame + problem), error.message).toBe(true);
  expect(error.message).toMatch(/; (correct it there|write the anchor before it|put it back from Git)$/);
  expect(error.message).not.toContain("hunter2");
});

it("an empty file is a stack without configuration", () => {
  expect(read("")).toEqual({});
  expect(read("encryptionsalt: v1\nconfig: { a:b: 1 }\n")).toMatchObject({ encryptionsalt: "v1" });
});

it("braces and quotes whose lines begin at the key's indent are read, as Pulumi reads them", () => {
  expect(read("config:\n  a:b: {\n  c: yes,\n  d: 2023-10-15 }\n  e: 'x\ny'\n")).toEqual({
    config: { "a:b": { c: "yes", d: "2023-10-15" }, e: "x y" },
  });
});
