import { IN_CLUSTER, IN_CLUSTER_NAME } from "./applications";
import { fromGit } from "./git-generator";
import { jsonOf, readDocuments } from "./kubectl-yaml";
import { selects, type Selector } from "./selector";
import { fillIn, flat, type GeneratorContext, NotFollowed, textOf, withValues } from "./parameters";
import { fillTree, type Parameters } from "./templates";

/** A generator: one kind with its settings, and a selector. Several kinds are several generators. */
export type Generator = Readonly<Record<string, unknown>>;

/** What a generator of one kind yields. */
interface Yield {
  readonly sets: readonly Parameters[];
  /** The generator's own template, which wins over the ApplicationSet's. */
  readonly template: unknown;
}

const LEVELS = 2;

/**
 * The sets of parameters that a generator yields, by kind.
 *
 * @param level how many generators it is inside of
 * @throws NotFollowed, and Error for what Argo CD refuses
 */
export async function evaluate(generator: Generator, context: GeneratorContext, level = 0): Promise<Yield[]> {
  const { selector, ...kinds } = generator;
  if (selector && level === LEVELS && !context.applyNestedSelectors)
    context.notes.add(
      "a selector two levels down has no effect without applyNestedSelectors; what it would leave out was looked at",
    );
  const counts = selector !== undefined && selector !== null && (level < LEVELS || context.applyNestedSelectors);
  const yields: Yield[] = [];
  for (const [kind, settings] of Object.entries(kinds)) {
    if (settings === null || settings === undefined) continue;
    const all = await setsOf(kind, settings, context, level);
    const sets = counts ? all.filter((set) => selects(selector as Selector, flat(set))) : all;
    const { template } = settings as { template?: unknown };
    yields.push({ sets, template });
  }
  if (yields.length === 0) throw new Error("a generator has no kind");
  return yields;
}

async function setsOf(
  kind: string,
  settings: object,
  context: GeneratorContext,
  level: number,
): Promise<readonly Parameters[]> {
  switch (kind) {
    case "list":
      return listed(settings, context);
    case "git":
      return fromGit(settings, context);
    case "clusters":
      return ownCluster(settings, context);
    case "matrix":
    case "merge": {
      const { generators } = settings as { generators?: unknown };
      const inner = (Array.isArray(generators) ? generators : []) as readonly Generator[];
      if (level === LEVELS) throw new Error(`a ${kind} ${LEVELS + 1} levels down: Argo CD goes down ${LEVELS}`);
      if (inner.length < 2 || (kind === "matrix" && inner.length > 2))
        throw new Error(`a ${kind} has ${inner.length} generators, and needs two${kind === "merge" ? " or more" : ""}`);
      if (kind === "matrix") return matrix(inner[0] ?? {}, inner[1] ?? {}, context, level + 1);
      return merge(inner, settings, context, level + 1);
    }
    default:
      throw new NotFollowed(`the generator ${kind}`);
  }
}

async function inside(generator: Generator, context: GeneratorContext, level: number): Promise<readonly Parameters[]> {
  const [first, second] = await evaluate(generator, context, level);
  if (second) throw new Error("a generator inside another one has more than one kind");
  return first?.sets ?? [];
}

function listed(
  { elements, elementsYaml }: { readonly elements?: unknown; readonly elementsYaml?: string },
  { goTemplate }: GeneratorContext,
): Parameters[] {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  const given = (Array.isArray(elements) ? (elements as unknown[]) : []).map((element) => {
    if (!isObject(element)) throw new Error(`the list has ${jsonOf(element)}, which is no object`);
    if (goTemplate) return element;
    const { values, ...others } = element;
    const named = isObject(values) ? Object.entries(values).map(([name, value]) => [`values.${name}`, value]) : [];
    const all = [...Object.entries(others), ...named] as [string, unknown][];
    const [odd] = all.filter(([, value]) => typeof value !== "string");
    if (odd) throw new Error(`the list's ${odd[0]} is ${jsonOf(odd[1])}, and without goTemplate it has to be text`);
    return Object.fromEntries(all);
  });
  const [read] = elementsYaml ? readDocuments(elementsYaml) : [[]];
  if (!Array.isArray(read) || !read.every(isObject)) throw new Error("elementsYaml is no list of objects");
  return [...given, ...read];
}

/** The cluster that Argo CD runs in. Others are known to it alone. */
async function ownCluster(
  { selector, values = {} }: { readonly selector?: Selector; readonly values?: Readonly<Record<string, string>> },
  context: GeneratorContext,
): Promise<Parameters[]> {
  if (Object.values(selector ?? {}).some((rules) => jsonOf(rules ?? []).length > 2))
    throw new NotFollowed("the generator clusters with a selector");
  context.notes.add(`its generator clusters is followed to ${IN_CLUSTER_NAME} only`);
  const own = { name: IN_CLUSTER_NAME, nameNormalized: IN_CLUSTER_NAME, server: IN_CLUSTER };
  return withValues(values, [own], context);
}

/** The second generator may use what the first yields; of a name that both yield, the first one's counts. */
async function matrix(
  first: Generator,
  second: Generator,
  context: GeneratorContext,
  level: number,
): Promise<Parameters[]> {
  const { selector, ...open } = second;
  const sets: Parameters[] = [];
  for (const one of await inside(first, context, level)) {
    const [filled] = Object.keys(one).length > 0 ? await fillTree(open, [one], context) : [open];
    for (const other of await inside({ ...(filled as Generator), selector }, context, level)) {
      const twice = Object.keys(other).find((name) => name in one && textOf(one[name]) !== textOf(other[name]));
      if (twice !== undefined && !context.goTemplate)
        throw new Error(`both generators of a matrix yield ${twice}, with different values`);
      sets.push(fillIn(one, other) as Parameters);
    }
  }
  return sets;
}

/** Sets of the first generator; what the others yield for the same keys is laid over them. */
async function merge(
  generators: readonly Generator[],
  { mergeKeys = [] }: { readonly mergeKeys?: readonly string[] },
  context: GeneratorContext,
  level: number,
): Promise<Parameters[]> {
  if (mergeKeys.length === 0) throw new Error("a merge has no mergeKeys");
  const byKey: Map<string, Parameters>[] = [];
  for (const generator of generators) {
    const sets = new Map<string, Parameters>();
    for (const set of await inside(generator, context, level)) {
      const key = jsonOf(mergeKeys.map((name) => set[name] ?? null));
      if (sets.has(key)) throw new Error(`a generator of a merge yields ${mergeKeys.join(", ")} ${key} twice`);
      sets.set(key, set);
    }
    byKey.push(sets);
  }
  const [base = new Map<string, Parameters>(), ...others] = byKey;
  return [...base].map(([key, set]) =>
    others.reduce<Parameters>((result, sets) => {
      const over = sets.get(key) ?? {};
      return context.goTemplate ? (fillIn(over, result) as Parameters) : { ...result, ...over };
    }, set),
  );
}
