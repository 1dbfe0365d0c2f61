import type { Renderers } from "./rendering";

/** What a generator yields for one Application: by name, nested for Go templates. */
export type Parameters = Readonly<Record<string, unknown>>;

export interface TemplateMode {
  readonly renderers: Renderers;
  /** Go templates, else `{{name}}` only. */
  readonly goTemplate: boolean;
  /** Whether a Go template that names what isn't there is refused. */
  readonly missingKeyIsError: boolean;
}

/** Fills every text of a tree, keys included, once for each set of parameters. @throws Error for a wrong Go template */
export async function fillTree(tree: unknown, sets: readonly Parameters[], mode: TemplateMode): Promise<unknown[]> {
  const found = [...textsIn(tree)];
  if (found.length === 0 || sets.length === 0) return sets.map(() => tree);
  if (mode.goTemplate && mode.missingKeyIsError)
    for (const set of sets) for (const text of found) refuseMissing(text, set);
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

/** Parts of a template that aren't reached for certain, or have another `.`. */
const BRANCHES = /\{\{-?\s*(if|range|with|define|block|template|else)\b|:=/;

/** Finds what a template names and a set hasn't; of a template with branches, what its first action names. */
function refuseMissing(text: string, set: Parameters): void {
  const actions = [...text.matchAll(/\{\{-?([\s\S]*?)-?\}\}/g)].map(([, action = ""]) => action);
  const certain = BRANCHES.test(text) ? actions.slice(0, 1) : actions;
  for (const action of certain.filter((each) => !/\b(and|or|range|with|define|block|template)\b/.test(each))) {
    const plain = action.replaceAll(/"(\\.|[^"\\])*"|`[^`]*`/g, '""');
    for (const [, chain = ""] of plain.matchAll(/(?<![\w.)\]])\$?((?:\.[A-Za-z_]\w*)+)/g)) {
      let value: unknown = set;
      for (const name of chain.slice(1).split(".")) {
        if (typeof value !== "object" || value === null) break;
        if (!(name in value)) throw new Error(`no generator yields ${chain}, and goTemplateOptions refuse that`);
        value = (value as Parameters)[name];
      }
    }
  }
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
