import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineCommand, print, runAsProgram } from "@gitops-platform/cli/command";
import { root } from "../lib/paths";
import { commandsReference } from "./reference/commands";
import { configurationReference } from "./reference/configuration";
import { editorSchemaReference } from "./reference/editor-schema";

/** Every generated page, by its file. */
const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/reference/commands.md": commandsReference,
  "docs/reference/configuration.md": configurationReference,
  "docs/reference/stack.schema.json": editorSchemaReference,
};

export const command = defineCommand({
  name: "npx tsx scripts/dev/reference.ts",
  summary: "Writes the pages of docs/reference that are generated from the program.",
  arguments: [],
  flags: { check: { type: "boolean", summary: "writes nothing, and fails when a page is stale" } },
  exits: { 0: "every page is up to date", 1: "with --check: a page is stale" },
  run: async (_, { check }) => {
    const stale: string[] = [];
    for (const [file, generate] of Object.entries(PAGES)) {
      const path = join(root, file);
      const text = await generate();
      if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
      stale.push(file);
      if (check) continue;
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, text);
    }
    if (check && stale.length > 0)
      throw new Error(`${stale.join(", ")} — stale; run npx tsx scripts/dev/reference.ts and commit it`);
    const names = Object.keys(PAGES).join(", ");
    print(`${names}: ${stale.length > 0 ? `wrote ${stale.join(", ")}` : "up to date"}\n`);
  },
});

runAsProgram(module, command);
