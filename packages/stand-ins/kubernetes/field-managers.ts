import { isMap, type JsonObject } from "../protocol/property-value";
import { list, text } from "./kube-object";

/** Who owns which field of a live object, as server-side apply sees it. */

/** The manager of objects that were created plainly, before their first apply. */
export const CREATE_MANAGER = "pulumi-kubernetes";

/** Managers whose fields the first apply takes over: our own create, and kubectl. */
const TAKEN_OVER: readonly (readonly [manager: string, operation: string])[] = [
  [CREATE_MANAGER, "Update"],
  ["pulumi-resource-kubernetes", "Update"],
  ["kubectl", "Apply"],
  ["kubectl", "Update"],
  ["kubectl-client-side-apply", "Update"],
  ["before-first-apply", "Update"],
];

/**
 * The JSON patch that hands fields of `TAKEN_OVER` managers to `manager`, so that a field which later leaves the inputs leaves
 * the object too. Empty when there is nothing to hand over.
 */
export function takeOverPatch(live: JsonObject, manager: string): JsonObject[] {
  const entries = list(live, "metadata", "managedFields") as JsonObject[];
  const taken = entries.filter(isTakenOver);
  if (taken.length === 0) return [];
  const own = entries.find((entry) => entry.manager === manager && entry.operation === "Apply" && !entry.subresource);
  const merged = [...(own ? [own] : []), ...taken].map((entry) => entry.fieldsV1 as JsonObject).reduce(mergeFields, {});
  const first = own ?? taken[0];
  const rest = entries.filter((entry) => entry !== own && !taken.includes(entry));
  const combined = { ...first, manager, operation: "Apply", fieldsV1: merged };
  return [
    { op: "replace", path: "/metadata/managedFields", value: [...rest, combined] },
    { op: "replace", path: "/metadata/resourceVersion", value: text(live, "metadata", "resourceVersion") ?? "" },
  ];
}

/** Whether a preview may overrule conflicts, as the real update would take those fields over first. */
export function needsForceInPreview(live: JsonObject): boolean {
  const entries = list(live, "metadata", "managedFields") as JsonObject[];
  return entries.length === 0 || entries.some(isTakenOver);
}

/** Objects from before server-side apply record no owners at all; then everything is taken. */
export function hasNoManagers(live: JsonObject): boolean {
  return list(live, "metadata", "managedFields").length === 0;
}

function isTakenOver(entry: JsonObject): boolean {
  return (
    !entry.subresource &&
    TAKEN_OVER.some(([manager, operation]) => entry.manager === manager && entry.operation === operation)
  );
}

function mergeFields(left: JsonObject, right: JsonObject): JsonObject {
  const merged = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const existing = merged[key];
    merged[key] = isMap(existing) && isMap(value) ? mergeFields(existing, value) : value;
  }
  return merged;
}
