import type { PropertyChange } from "./provider-plugin";
import { isList, isMap, type PropertyMap, type PropertyValue, sameValue, Secret } from "./property-value";

/**
 * Every difference between two property maps, by path (`spec.ports[0].port`, `data["tls.key"]`).
 * Lists are compared item by item. Secret marks don't count; an unknown differs from everything.
 */
export function diffProperties(olds: PropertyMap, news: PropertyMap): Map<string, PropertyChange> {
  const changes = new Map<string, PropertyChange>();
  for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    compare(childPath("", key), olds[key], news[key], changes);
  }
  return changes;
}

/** The path of a map's item, in Pulumi's notation. */
function childPath(parent: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

function compare(
  path: string,
  old: PropertyValue | undefined,
  next: PropertyValue | undefined,
  changes: Map<string, PropertyChange>,
): void {
  const before = unwrap(old);
  const after = unwrap(next);
  if (before === undefined && after === undefined) return;
  if (before === undefined) changes.set(path, { kind: "add" });
  else if (after === undefined) changes.set(path, { kind: "delete" });
  else if (isMap(before) && isMap(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(childPath(path, key), before[key], after[key], changes);
    }
  } else if (isList(before) && isList(after)) {
    const length = Math.max(before.length, after.length);
    for (let at = 0; at < length; at++) compare(`${path}[${at}]`, before[at], after[at], changes);
  } else if (!sameValue(before, after)) changes.set(path, { kind: "update" });
}

function unwrap(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof Secret ? unwrap(value.value) : value;
}
