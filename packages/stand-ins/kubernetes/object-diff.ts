import { diffProperties } from "../protocol/property-diff";
import type { DiffRequest, DiffResult, PropertyChange } from "../protocol/provider-plugin";
import { isMap, type PropertyMap } from "../protocol/property-value";
import { isImmutable } from "./immutable-fields";
import { lookup, text, typeOf } from "./kube-object";
import { isAutonamed } from "./object-inputs";
import type { ProviderConfig } from "./provider-config";

/**
 * What changed between the inputs of the last run and the new ones, and whether that needs a replacement. Never asks the
 * cluster: a refresh brings drift into the old inputs.
 */
export function diffObject(request: DiffRequest, config: ProviderConfig): DiffResult {
  const olds = comparable(request.oldInputs);
  const news = comparable(request.news);
  const type = typeOf(request.news, request.type);
  const changes = new Map<string, PropertyChange>();
  for (const [path, change] of diffProperties(olds, news)) {
    if (request.ignoreChanges.some((ignored) => covers(ignored, path))) continue;
    changes.set(path, { ...change, replace: isImmutable(path, type, request.news, config) });
  }
  const replaced = [...changes.values()].some((change) => change.replace === true);
  return { changes, deleteBeforeReplace: replaced && keepsName(olds, news) };
}

/** A replacement under the same name can only be made once the old object is gone. */
function keepsName(olds: PropertyMap, news: PropertyMap): boolean {
  if (isAutonamed(news)) return false;
  const name = text(news, "metadata", "name");
  return (
    name !== undefined &&
    name === text(olds, "metadata", "name") &&
    text(news, "metadata", "namespace") === text(olds, "metadata", "namespace")
  );
}

/** Inputs in one form: no namespace means `default`. */
function comparable(inputs: PropertyMap): PropertyMap {
  if (!isMap(inputs.metadata)) return inputs;
  const namespace = lookup(inputs, "metadata", "namespace") || "default";
  return { ...inputs, metadata: { ...inputs.metadata, namespace } };
}

function covers(ignored: string, path: string): boolean {
  return path === ignored || path.startsWith(`${ignored}.`) || path.startsWith(`${ignored}[`);
}
