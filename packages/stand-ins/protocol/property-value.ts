/** Pulumi's property values as plain TypeScript: JSON, plus values that are secret or not known yet. */

/** A value that only exists once something else was created; it appears in previews only. */
export class Unknown {
  toString(): string {
    return "<unknown>";
  }
}

/** The one unknown value. */
export const UNKNOWN = new Unknown();

/** A value the engine encrypts in state and hides in output. */
export class Secret {
  constructor(readonly value: PropertyValue) {}

  /** Keeps an accidental print or JSON.stringify from showing the value. */
  toString(): string {
    return "<secret>";
  }

  toJSON(): string {
    return "<secret>";
  }
}

export type PropertyValue = Json | Secret | Unknown | PropertyValue[] | PropertyMap;
export interface PropertyMap {
  [key: string]: PropertyValue;
}

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** Whether a value is a map, so neither a list, a secret, an unknown nor a scalar. */
export function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Unknown)
  );
}

/** Whether a value is a list. */
export function isList(value: PropertyValue | undefined): value is PropertyValue[] {
  return Array.isArray(value);
}

/** The value without its secret marks, at every depth. Unknowns stay. */
export function reveal(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return reveal(value.value);
  if (isList(value)) return value.map(reveal);
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item)]));
  return value;
}

/** `reveal` for a map. */
export function revealMap(map: PropertyMap): PropertyMap {
  return reveal(map) as PropertyMap;
}

/** Whether an unknown is anywhere inside. */
export function containsUnknown(value: PropertyValue | undefined): boolean {
  if (value instanceof Unknown) return true;
  if (value instanceof Secret) return containsUnknown(value.value);
  if (isList(value)) return value.some(containsUnknown);
  return isMap(value) && Object.values(value).some(containsUnknown);
}

/** Whether a secret is anywhere inside. */
function containsSecret(value: PropertyValue | undefined): boolean {
  if (value instanceof Secret) return true;
  if (isList(value)) return value.some(containsSecret);
  return isMap(value) && Object.values(value).some(containsSecret);
}

/**
 * `value` with every part marked secret that is secret in `pattern`: outputs that repeat inputs keep their secrecy.
 * A list with a secret in the pattern is secret as a whole, as items may come back in another order.
 */
export function copySecrets(value: PropertyValue, pattern: PropertyValue | undefined): PropertyValue {
  if (value instanceof Secret || pattern === undefined) return value;
  if (pattern instanceof Secret) return new Secret(value);
  if (isList(pattern)) return containsSecret(pattern) ? new Secret(value) : value;
  if (isMap(value) && isMap(pattern)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copySecrets(item, pattern[key])]));
  }
  return value;
}

/** Deep equality. Secret marks don't count, and an unknown equals nothing, not even another unknown. */
export function sameValue(left: PropertyValue | undefined, right: PropertyValue | undefined): boolean {
  if (left instanceof Secret) return sameValue(left.value, right);
  if (right instanceof Secret) return sameValue(left, right.value);
  if (left instanceof Unknown || right instanceof Unknown) return false;
  if (isList(left)) {
    return isList(right) && left.length === right.length && left.every((item, at) => sameValue(item, right[at]));
  }
  if (isMap(left)) {
    if (!isMap(right)) return false;
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length && keys.every((key) => key in right && sameValue(left[key], right[key]))
    );
  }
  return left === right;
}
