/**
 * What of a script is sent: shfmt's syntax tree of every script of scripts/remote, before and after, and what its words can
 * call. Does not prove that the scripts do what they are for: test/scripts does, on their full texts.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { reduceScript } from "../../../components/remote/reduce-script";
import { effectiveScript, inlineLibraries } from "../../../components/remote/script";
import { scriptLines } from "../../../components/remote/script-lines";
import { SHELL_TOOLS } from "../../../scripts/dev/checks/shell";
import { installMissing } from "../../../scripts/lib/apt";

const SCRIPTS = join(__dirname, "..", "..", "..", "scripts", "remote");
const steps = readdirSync(SCRIPTS, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".sh") && !name.startsWith("lib/"))
  .sort();

/** A node of shfmt's tree. */
interface Tree {
  readonly Type?: string;
  readonly Value?: string;
  readonly [field: string]: unknown;
}

function parse(text: string): readonly Tree[] {
  const { status, stderr, stdout } = spawnSync("shfmt", ["-ln=bash", "-tojson"], {
    input: text,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`shfmt: ${stderr}`);
  return (withoutPlaces(JSON.parse(stdout)) as { readonly Stmts: readonly Tree[] }).Stmts;
}

/** Positions and comments are no part of what a script does. */
const PLACES = /(?:Pos|End|Position|Comments|Last|Lparen|Rparen|Left|Right|OpPos|Semicolon|Offset|Line|Col)$/;

function withoutPlaces(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlaces);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, inner]) => (PLACES.test(field) ? [] : [[field, withoutPlaces(inner)]])),
  );
}

/** Every node of a tree that is an object. */
function nodes(value: unknown): Tree[] {
  if (Array.isArray(value)) return value.flatMap(nodes);
  if (typeof value !== "object" || value === null) return [];
  return [value as Tree, ...Object.values(value).flatMap(nodes)];
}

/** Every word in a tree: literals of code, strings and here-documents, and names of variables. */
function words(value: unknown): ReadonlySet<string> {
  const texts = nodes(value).flatMap(({ Value }) => (typeof Value === "string" ? [Value] : []));
  return new Set(texts.flatMap((text) => text.match(/\w+/g) ?? []));
}

function defined(statement: Tree): readonly string[] {
  const command = statement["Cmd"] as Tree;
  if (command.Type === "FuncDecl") return [(command["Name"] as Tree).Value ?? ""];
  if (command.Type !== "DeclClause" || (command["Variant"] as Tree).Value !== "readonly") return [];
  return nodes(command["Args"]).flatMap(({ Name, Naked }) =>
    Naked === true || typeof Name !== "object" || Name === null ? [] : [(Name as Tree).Value ?? ""],
  );
}

const json = (value: unknown): string => JSON.stringify(value);

beforeAll(() => installMissing(SHELL_TOOLS, () => undefined), 120_000);

describe.each(steps)("%s, as it is sent", (step) => {
  const full = inlineLibraries(join(SCRIPTS, step));
  const sent = reduceScript(full);

  it("has the same syntax tree, but for functions and constants that it can't reach", () => {
    const [before, after] = [parse(full), parse(sent)];
    const kept = new Set(after.map(json));
    const dropped = before.filter((statement) => !kept.has(json(statement)));
    expect(before.filter((statement) => !dropped.includes(statement)).map(json)).toEqual(after.map(json));
    const reachable = words(after);
    const names = dropped.map(defined);
    expect(names.filter((own) => own.length === 0)).toEqual([]);
    expect(names.flat().filter((name) => reachable.has(name))).toEqual([]);
  });

  it("has neither a comment nor a blank line of its own, and nothing left to reduce", () => {
    const own = scriptLines(sent, () => true).filter(({ isCode }) => isCode);
    expect(own.map(({ text }) => text).filter((text) => /^\s*(#|$)/.test(text))).toEqual([""]);
    expect(reduceScript(sent)).toBe(sent);
  });

  it("parses", () => {
    const { status, stderr } = spawnSync("bash", ["-n"], { input: sent, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });
});

describe("names of functions that a script puts together, which no reader of its words could find", () => {
  const files = readdirSync(SCRIPTS, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".sh"));
  const calls = files.flatMap((file) =>
    nodes(parse(readFileSync(join(SCRIPTS, file), "utf8")))
      .filter(({ Type }) => Type === "CallExpr")
      .map((call) => ({
        file,
        args: (call["Args"] as readonly { readonly Parts: readonly Tree[] }[] | undefined) ?? [],
      })),
  );
  /** A word's parts, those in quotes included. */
  const flat = (parts: readonly Tree[]): readonly Tree[] =>
    parts.flatMap((part) =>
      part.Type === "DblQuoted" ? flat((part["Parts"] as readonly Tree[] | undefined) ?? []) : [part],
    );
  const functions = files.flatMap((file) =>
    [...readFileSync(join(SCRIPTS, file), "utf8").matchAll(/^(\w+)\(\) \{/gm)].map(([, name]) => name ?? ""),
  );
  /** A part of a word, a variable with its dollar sign. */
  const shown = (part: Tree): string =>
    isLiteral(part) ? (part.Value ?? "") : `$${(part["Param"] as Tree | undefined)?.Value ?? json(part)}`;
  const isLiteral = ({ Type }: Tree): boolean => Type === "Lit" || Type === "SglQuoted";

  it("are no command: where one is a variable, whatever sets it names the function", () => {
    const first = calls.map(({ file, args }) => ({ file, parts: flat(args[0]?.Parts ?? []) }));
    const variable = first.filter(({ parts }) => parts.some((part) => !isLiteral(part)));
    const called = variable.map(({ file, parts }) => `${file} ${parts.map(shown).join("")}`);
    expect([...new Set(called)].sort()).toEqual([
      "hypervisor/fetch-image.sh $ALGORITHMsum",
      "kubernetes/read-versions.sh $@",
      "lib/certificates.sh $ask",
      "lib/guest-seed.sh $program",
      "lib/reset.sh $1",
      "lib/reset.sh $2",
      "lib/verbs.sh $1",
    ]);
  });

  it("are no word with a variable in it", () => {
    const composed = calls.flatMap(({ file, args }) =>
      args.map(({ Parts }) => ({ file, parts: flat(Parts) })).filter(({ parts }) => parts.length > 1),
    );
    expect(composed.length).toBeGreaterThan(100);
    const named = composed.filter(({ parts }) => {
      const literals = parts.map((part) => (isLiteral(part) ? (part.Value ?? "") : undefined));
      if (!literals.some((literal) => /\w/.test(literal ?? ""))) return false;
      const pattern = literals.map((literal) => literal?.replaceAll(/\W/g, "\\$&") ?? "\\w*").join("");
      return functions.some((name) => new RegExp(`^${pattern}$`).test(name));
    });
    expect(named.map(({ file, parts }) => `${file} ${parts.map(shown).join("")}`)).toEqual([]);
  });

  it("are not run as text", () => {
    const names = calls
      .map(({ args }) => flat(args[0]?.Parts ?? []))
      .map((parts) => parts.map(({ Value }) => Value).join(""));
    expect(names.filter((name) => ["eval", "compgen", "enable", "alias"].includes(name))).toEqual([]);
    expect(names.filter((name) => name === "trap").length).toBeGreaterThan(3);
  });

  it("are no argument of what calls or prints functions", () => {
    const callers = ["trap", "declare", "typeset", "type", "command", "xargs", "coproc"];
    const composed = calls.filter(({ args: [command, ...args] }) => {
      const name = command?.Parts[0]?.Value ?? "";
      return (
        callers.includes(name) && args.some(({ Parts }) => flat(Parts).length > 1 && !flat(Parts).every(isLiteral))
      );
    });
    expect(composed.map(({ file, args }) => [file, json(args)])).toEqual([]);
  });

  it("are sourced from this project's libraries and Debian's own file only", () => {
    const sourced = calls
      .filter(({ args }) => [".", "source"].includes(args[0]?.Parts[0]?.Value ?? ""))
      .map(({ args }) =>
        flat(args[1]?.Parts ?? [])
          .map((part) => part.Value ?? "*")
          .join(""),
      );
    expect([...new Set(sourced)].filter((file) => !/^\*\/(?:\.\.\/lib\/)?[\w-]+\.sh$/.test(file))).toEqual([
      "/etc/os-release",
    ]);
  });
});

describe("reduceScript", () => {
  const reduced = (...lines: string[]): readonly string[] => reduceScript(lines.join("\n")).trimEnd().split("\n");

  it.each([
    ["a comment", ["a # b", "# c", "  # d", "e"], ["a", "e"]],
    [
      "what only looks like one",
      ["a#b $# ${#c} ${d# e} $((16#f)) '# g' \"# h\" \\# i"],
      ["a#b $# ${#c} ${d# e} $((16#f)) '# g' \"# h\" \\# i"],
    ],
    ["a comment with quotes", ["a # don't \"", "# it`s", "b"], ["a", "b"]],
    [
      "comments inside of parentheses",
      ["a=(", "  # b", "  c # d", ")", 'e="$(', "  # f's", "  g", ')"'],
      ["a=(", "  c", ")", 'e="$(', "  g", ')"'],
    ],
    ["blank lines in texts", ["a='", "", "# b", "'", "", 'c "', "", '#"'], ["a='", "", "# b", "'", 'c "', "", '#"']],
    [
      "a here-document",
      ["a <<X # b", "# c", "", "it's $(d", "X", "# e", "f"],
      ["a <<X", "# c", "", "it's $(d", "X", "f"],
    ],
    [
      "two of them",
      ["a <<'X' <<-\"Y\"", "# b", "X", "\t# c", "\tY", "", "d <<<e"],
      ["a <<'X' <<-\"Y\"", "# b", "X", "\t# c", "\tY", "d <<<e"],
    ],
    ["a shift", ["a=$(((b << 24) + (c << 2)))", "# d", "e"], ["a=$(((b << 24) + (c << 2)))", "e"]],
    ["a continued line", ["a \\", "# b", "c"], ["a \\", "", "c"]],
    ["a pattern", ["case a in", "  b) c ;; # d", "esac"], ["case a in", "  b) c ;;", "esac"]],
  ])("knows %s", (_, script, sent) => {
    expect(reduced(...script)).toEqual(sent);
  });

  const library = ["one() {", "  two", "}", "two() { echo 2; }", "three() {", "  cat <<X", "}", "X", "}"];

  it.each([
    ["calls", "one", ["one", "two"]],
    ["hands over", "run 'x two y'", ["two"]],
    ["traps", "trap 'rm; two' EXIT", ["two"]],
    ["prints", "declare -f three", ["three"]],
    ["doesn't name", "onetwo", []],
  ])("keeps the functions that a script %s", (_, code, names) => {
    const text = reduced(...library, code);
    expect(text.flatMap((line) => /^(\w+)\(\)/.exec(line)?.[1] ?? [])).toEqual(names);
    expect(text.at(-1)).toBe(code);
  });

  it("keeps constants that are named, or whose value runs something", () => {
    const constants = ["readonly A=1 B=2", "readonly C=3", "readonly D=$(e)", "readonly F=(g", "  h)", "readonly I=$A"];
    expect(reduced(...constants, "echo $B")).toEqual([
      "readonly A=1 B=2",
      "readonly D=$(e)",
      "readonly F=(g",
      "  h)",
      "echo $B",
    ]);
  });

  it.each([
    ["a 'b", "a script ends inside a text in single quotes; close it"],
    ['a "b', "a script ends inside quotes; close it"],
    ["a $(b", "a script ends inside command; close it"],
    ["a <<X\nb", "a script's here-document has no end (need a line X); add it"],
    ["a() {\n  b", "a function of a script has no end (a() {); format it with shfmt"],
    ["a() {\nb() {\n}", "function b of a script begins inside another; format it with shfmt"],
  ])("refuses %j", (text, message) => {
    expect(() => reduceScript(text)).toThrow(message);
  });
});

describe("a changed library", () => {
  let folder = "";
  const sent = (): readonly string[] => steps.map((step) => effectiveScript(join(folder, step)));
  const before = steps.map((step) => effectiveScript(join(SCRIPTS, step)));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "scripts-"));
    cpSync(SCRIPTS, folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const changed = (library: string, from: string, to: string): readonly string[] => {
    const file = join(folder, "lib", library);
    const text = readFileSync(file, "utf8");
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
    return sent().flatMap((text, index) => (text === before[index] ? [] : [steps[index] ?? ""]));
  };

  it("changes no step by a comment in what every step has", () => {
    expect(steps.length).toBeGreaterThan(20);
    expect(changed("log.sh", "# log_info TEXT", "# log_info TEXT, on standard error\n\n# and nowhere else")).toEqual(
      [],
    );
  });

  it("changes every step by what every step runs", () => {
    expect(changed("log.sh", "exit 1", "exit 2")).toEqual(steps);
  });

  it("changes one step by a function that one of many calls", () => {
    expect(
      steps.filter((step) => readFileSync(join(SCRIPTS, step), "utf8").includes("lib/owner.sh")).length,
    ).toBeGreaterThan(8);
    expect(changed("owner.sh", "mkdir -p", "mkdir --parents")).toEqual(["kubernetes/prepare-node.sh"]);
  });
});
