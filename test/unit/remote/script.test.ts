/**
 * What is sent to a machine: quoting, exports, libraries in place. The quoting is proved by a real bash.
 * Does not prove that a machine's bash reads it from stdin the same way: test/e2e does.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inlineLibraries, renderScript, shellQuote } from "../../../components/remote/script";

function bash(script: string): string {
  const { stdout, stderr, status } = spawnSync("bash", ["-s"], { input: script, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe("shellQuote", () => {
  it.each([
    ["plain", "'plain'"],
    ["", "''"],
    ["it's", `'it'\\''s'`],
    ["a b\nc", "'a b\nc'"],
    ['$(id) `id` \\ "x" !!', "'$(id) `id` \\ \"x\" !!'"],
  ])("%j → %s", (value, quoted) => {
    expect(shellQuote(value)).toBe(quoted);
  });
});

describe("renderScript", () => {
  const nasty = [
    "''''",
    "'; touch /tmp/never; '",
    "$HOME $(id) ${x:-y} `id`",
    "back\\slash \\' \\\\",
    "tab\tbell\u0007 end",
    "line 1\nline 2\n\nEOF\n",
    "-n -e --",
    "!! !$ # no comment",
    "日本語 ✓ é",
    "*?[a-z]{1,2} ~",
    "-----BEGIN KEY-----\nAAAA+/==\n-----END KEY-----\n",
  ];

  it.each(nasty)("hands over %j unchanged", (value) => {
    const script = renderScript(`printf '%s' "$VALUE" | od -An -v -tx1 | tr -d ' \\n'`, { VALUE: value });
    expect(Buffer.from(bash(script), "hex").toString()).toBe(value);
  });

  it("puts exports first, then the script", () => {
    expect(renderScript("echo done", { A: "1", B_2: "x y" })).toBe("export A='1'\nexport B_2='x y'\necho done");
  });

  it.each(["path", "A-B", "1A", "A=1;B", ""])("refuses the variable name %j", (name) => {
    expect(() => renderScript("", { [name]: "x" })).toThrow(`script variable ${name} must be upper snake case`);
  });
});

describe("inlineLibraries", () => {
  let folder = "";
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "gitops-platform-script-"));
    mkdirSync(join(folder, "lib"));
    mkdirSync(join(folder, "step"));
    file("lib/log.sh", '#!/usr/bin/env bash\n# Messages.\nlog() { echo "log: $*"; }\n');
    file("lib/lock.sh", '#!/usr/bin/env bash\n. "$(dirname "$0")/../lib/log.sh"\nlock() { log locked; }\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("replaces the line by the library without its first line, and libraries of libraries", () => {
    const step = file("step/one.sh", '#!/usr/bin/env bash\n. "$(dirname "$0")/../lib/lock.sh"\nlock\n');
    const text = inlineLibraries(step);
    expect(text).toBe(
      '#!/usr/bin/env bash\n# Messages.\nlog() { echo "log: $*"; }\n\nlock() { log locked; }\n\nlock\n',
    );
    expect(bash(text)).toBe("log: locked\n");
  });

  it("keeps dollar signs of a library as they are", () => {
    file("lib/money.sh", "price() { echo \"$$ $& $1 $'x'\" | tail -c 6; }\n");
    const step = file("step/money.sh", '. "$(dirname "$0")/../lib/money.sh"\n');
    expect(inlineLibraries(step)).toBe("price() { echo \"$$ $& $1 $'x'\" | tail -c 6; }\n\n");
  });

  it.each([
    ["an indented line", '  . "$(dirname "$0")/../lib/log.sh"\n'],
    ["another way to source", '. "${BASH_SOURCE%/*}/../lib/log.sh"\n'],
  ])("leaves %s alone", (_name, line) => {
    expect(inlineLibraries(file("step/other.sh", line))).toBe(line);
  });

  it("fails on a library that isn't there", () => {
    const step = file("step/broken.sh", '. "$(dirname "$0")/../lib/gone.sh"\n');
    expect(() => inlineLibraries(step)).toThrow(/no such file.*gone\.sh/);
  });
});
