import type { Renderers } from "./rendering";

/** What a generator yields for one Application: by name, nested for Go templates. */
export type Parameters = Readonly<Record<string, unknown>>;

interface Mode {
  readonly renderers: Renderers;
  readonly goTemplate: boolean;
}

/** Fills every text of a tree, keys included, once for each set of parameters. @throws Error for a wrong Go template */
export async function fillTree(tree: unknown, sets: readonly Parameters[], mode: Mode): Promise<unknown[]> {
  const found = [...textsIn(tree)];
  if (found.length === 0 || sets.length === 0) return sets.map(() => tree);
  const rows = mode.goTemplate
    ? await mode.renderers.goTemplates(found, sets)
    : sets.map((set) => found.map((text) => simple(text, set)));
  return rows.map((row) => replaced(tree, new Map(found.map((text, index) => [text, row[index] ?? ""]))));
}

/** `{{ name }}`, as often as it occurs; what no generator yields stays as it is. */
function simple(text: string, set: Parameters): string {
  return text.replaceAll(/\{\{\s*([^{}]+?)\s*\}\}/g, (whole, name: string) => {
    const value = set[name];
    return typeof value === "string" ? value : whole;
  });
}

function textsIn(tree: unknown): Set<string> {
  if (typeof tree === "string") return new Set(tree.includes("{{") ? [tree] : []);
  if (typeof tree !== "object" || tree === null) return new Set();
  const parts = Array.isArray(tree) ? tree : Object.entries(tree).flat();
  return new Set(parts.flatMap((part) => [...textsIn(part)]));
}

function replaced(tree: unknown, texts: ReadonlyMap<string, string>): unknown {
  if (typeof tree === "string") return texts.get(tree) ?? tree;
  if (typeof tree !== "object" || tree === null) return tree;
  if (Array.isArray(tree)) return tree.map((item) => replaced(item, texts));
  return Object.fromEntries(
    Object.entries(tree).map(([name, value]) => [texts.get(name) ?? name, replaced(value, texts)]),
  );
}
