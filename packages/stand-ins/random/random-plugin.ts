import { notCovered } from "../protocol/plugin-service";
import { diffProperties } from "../protocol/property-diff";
import { containsUnknown, copySecrets, type PropertyMap, UNKNOWN } from "../protocol/property-value";
import type {
  CheckRequest,
  CheckResult,
  CreateRequest,
  DiffRequest,
  DiffResult,
  ProviderPlugin,
  ReadRequest,
  ReadState,
  ResourceState,
} from "../protocol/provider-plugin";
import { checkInputs, normalise } from "./input-rules";
import { KINDS, type RandomKind } from "./kinds";

/**
 * Stands in for Pulumi's random plugin. A value is drawn once, at creation, from Node's cryptographic source; every change
 * of an input replaces it; refresh and delete touch nothing outside the state.
 */
export class RandomPlugin implements ProviderPlugin {
  readonly name = "random";

  constructor(readonly version: string) {}

  async check({ type, news }: CheckRequest): Promise<CheckResult> {
    const kind = this.kind(type);
    const failures = checkInputs(news, kind.inputs);
    if (failures.length === 0 && !containsUnknown(news)) {
      const problem = kind.problem?.(normalise(news, kind.inputs));
      if (problem !== undefined) failures.push({ property: "", reason: problem });
    }
    return { inputs: news, failures };
  }

  async diff({ type, oldInputs, news }: DiffRequest): Promise<DiffResult> {
    const { inputs } = this.kind(type);
    const changes = diffProperties(normalise(oldInputs, inputs), normalise(news, inputs));
    return { changes: new Map([...changes].map(([path, change]) => [path, { ...change, replace: true }])) };
  }

  async create({ type, inputs, preview }: CreateRequest): Promise<ResourceState> {
    const kind = this.kind(type);
    const normal = copySecrets(normalise(inputs, kind.inputs), inputs) as PropertyMap;
    if (preview) return { id: "", properties: { ...normal, ...unknowns(kind) } };
    const { id, outputs } = await kind.generate(normalise(inputs, kind.inputs));
    return { id, properties: { ...normal, ...outputs } };
  }

  /** Reached only by changes that mean nothing (a default written out): the value stays. */
  async update({ type, olds, news }: { type: string; olds: PropertyMap; news: PropertyMap }): Promise<PropertyMap> {
    const kind = this.kind(type);
    return { ...olds, ...(copySecrets(normalise(news, kind.inputs), news) as PropertyMap) };
  }

  async delete(): Promise<void> {
    // A random value exists in the state only.
  }

  async read({ type, id, inputs, properties }: ReadRequest): Promise<ReadState> {
    if (Object.keys(properties).length === 0) throw notCovered(this, `importing ${type}`);
    return { id, inputs, properties };
  }

  private kind(type: string): RandomKind {
    const kind = KINDS[type];
    if (kind === undefined) throw notCovered(this, type);
    return kind;
  }
}

function unknowns({ outputs }: RandomKind): PropertyMap {
  return Object.fromEntries(outputs.map((name) => [name, UNKNOWN]));
}
