/**
 * Documents name only what exists: relative links and their anchors, npm scripts, files of this repository. Error texts and
 * comments in the code name only documents that exist.
 *
 * Does not prove that a document is right, or that a link to another site works.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../../scripts/lib/paths";

/** Folders that aren't ours, and recorded plans. */
const SKIPPED = ["node_modules", ".git", ".local", "recorded", "manifests"];

/** The documents that describe this repository as it is; the changelog also names former paths. */
const DESCRIBING = /^(README\.md|CONTRIBUTING\.md|docs\/|gitops\/README\.md)/;

const SOURCE = /\.(ts|cjs|mjs|js|sh|ya?ml)$/;

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.includes(entry.name)) return [];
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [relative(root, path)] : [];
  });
}

const files = filesBelow(root);
/** The folders of the root, without hidden ones. */
const tops = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."))
  .map(({ name }) => name);
const documents = files.filter((file) => file.endsWith(".md"));
const describing = documents.filter((file) => DESCRIBING.test(file));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** A document without its code blocks, where brackets are no links. */
const prose = (file: string): string => read(file).replaceAll(/^ *```[\s\S]*?^ *```/gm, "");

/** The anchor that a forge makes of a heading. */
function anchor(heading: string): string {
  const text = heading.trim().toLowerCase();
  return text.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}

function anchors(file: string): readonly string[] {
  return [...prose(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading ?? ""));
}

function brokenLinks(file: string): readonly string[] {
  return [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = "", fragment] = target.split("#");
    const linked = path === "" ? file : relative(root, resolve(root, dirname(file), path));
    if (!existsSync(join(root, linked))) return [`${file}: ${target} doesn't exist`];
    if (fragment === undefined || anchors(linked).includes(fragment)) return [];
    return [`${file}: ${linked} has no heading for #${fragment}`];
  });
}

describe("documents", () => {
  it("are found", () => {
    expect(describing).toEqual(expect.arrayContaining(["README.md", "CONTRIBUTING.md", "docs/architecture.md"]));
  });

  it.each(documents)("%s links only to what exists", (file) => {
    expect(brokenLinks(file)).toEqual([]);
  });

  it("name only npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> };
    const named = describing.flatMap((file) =>
      [...read(file).matchAll(/\bnpm (?:run (?:--silent )?([\w-]+)|(start|stop|test)\b)/g)].map(
        ([, run, short]) => [file, run ?? short ?? ""] as const,
      ),
    );
    expect(named.length).toBeGreaterThan(50);
    expect(named.filter(([, name]) => !(name in scripts))).toEqual([]);
  });

  it("name only files and folders that exist", () => {
    // A path in a code span or a command that starts with a folder of the root; patterns and placeholders are none.
    const path = new RegExp(String.raw`(?<=[\s\`(])(?:${tops.join("|")})/[\w./-]+(?![\w./{*<…-])`, "g");
    const named = describing
      .filter((file) => !file.startsWith("gitops/"))
      .flatMap((file) => [...read(file).matchAll(path)].map(([name]) => [file, name.replace(/[./]+$/, "")] as const));
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter(([, name]) => !existsSync(join(root, name)))).toEqual([]);
  });
});

describe("README", () => {
  it("says what each folder of the root is for", () => {
    const rows = read("README.md").match(/^\| *`[\w./-]+` *\|/gm) ?? [];
    expect(tops.length).toBeGreaterThan(5);
    expect(tops.filter((top) => !rows.some((row) => row.includes(`\`${top}/`)))).toEqual([]);
  });
});

describe("the code", () => {
  it("names only documents that exist", () => {
    const named = files
      .filter((file) => SOURCE.test(file))
      .flatMap((file) => [...read(file).matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([name]) => [file, name] as const));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(([, name]) => !existsSync(join(root, name)))).toEqual([]);
  });
});
