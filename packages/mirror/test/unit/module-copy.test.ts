// Does not prove that Go builds it: the installation of Pulumi without its release server does.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fillModule } from "../../units/module-copy";

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "module-copy-"))));
afterEach(() => rmSync(directory, { recursive: true }));

it("fills a copy of the module, and leaves the module cache as it was", async () => {
  const [cache, pins, scratch] = ["cache", "pins", "scratch"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(join(cache, "cmd"), { recursive: true });
  mkdirSync(pins);
  mkdirSync(scratch);
  writeFileSync(join(cache, "cmd", "schema.json"), "{}", { mode: 0o444 });
  for (const file of ["go.mod", "go.sum"]) writeFileSync(join(pins, file), file);
  const ran: string[] = [];
  const main = await fillModule(
    { module: "example.org/plugin", folder: "cmd", generator: "generate.go", env: { VERSION: "1.2.3" } },
    pins,
    scratch,
    async (command, args, cwd, env) => {
      ran.push([command, ...args, "in", cwd, JSON.stringify(env ?? {})].join(" ").replaceAll(directory, ""));
      if (!command.endsWith("/generate")) return JSON.stringify({ Dir: cache });
      writeFileSync(join(cwd, "schema.json"), "filled"); // fails for a read-only copy, unless root runs it
      return "";
    },
  );
  expect(ran).toEqual([
    "go mod download -json example.org/plugin in /pins {}",
    "go mod edit -replace=example.org/plugin=./module in /scratch/main {}",
    "go build -mod=readonly -o /scratch/generate /scratch/main/module/cmd/generate.go in /scratch/main {}",
    '/scratch/generate in /scratch/main/module/cmd {"VERSION":"1.2.3"}',
  ]);
  expect(readFileSync(join(main, "go.sum"), "utf8")).toBe("go.sum");
  expect(readFileSync(join(main, "module", "cmd", "schema.json"), "utf8")).toBe("filled");
  expect(readFileSync(join(cache, "cmd", "schema.json"), "utf8")).toBe("{}");
});
