/** What a killed Pulumi leaves half written beside its state is removed, and nothing else. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { removeTornAttributes } from "../../../scripts/local/platform/stack";

it("removes attributes without an end, and leaves whole ones and every other file", () => {
  const state = mkdtempSync(join(tmpdir(), "gitops-platform-state-"));
  try {
    const stacks = join(state, ".pulumi", "stacks");
    mkdirSync(stacks, { recursive: true });
    const files = {
      "local.json": "",
      "local.json.attrs": "",
      "local.json.bak.attrs": '{"md5":"q',
      "other.json.attrs": '{"user.content_type":""}\n',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(stacks, name), text);
    expect(removeTornAttributes(state)).toBe(2);
    expect(readdirSync(stacks).sort()).toEqual(["local.json", "other.json.attrs"]);
    expect(removeTornAttributes(state)).toBe(0);
    expect(removeTornAttributes(join(state, "missing"))).toBe(0);
  } finally {
    rmSync(state, { recursive: true });
  }
});
