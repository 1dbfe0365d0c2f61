import type { Change, Operation } from "./change";
import type { Plan } from "./plan";

/** In the order in which a person wants to hear them: what can't be taken back first. */
const ORDER: readonly Operation[] = ["delete", "replace", "update", "create"];

/** The sign before a resource. */
export const SIGNS: Readonly<Record<Operation, string>> = { create: "+", update: "~", replace: "±", delete: "-" };

/** `1 to replace, 3 to update`; empty when there is nothing. */
export function countsInWords(counts: Readonly<Record<Operation, number>>): string {
  return ORDER.filter((operation) => counts[operation] > 0)
    .map((operation) => `${counts[operation]} to ${operation}`)
    .join(", ");
}

/** The first line: `Plan for production: 3 to create`. */
export function headline({ stack, counts, errors }: Plan): string {
  const words = countsInWords(counts);
  if (errors.length > 0) return `Plan for ${stack}: broken`;
  return words === "" ? `Plan for ${stack}: nothing would change` : `Plan for ${stack}: ${words}`;
}

/** How many of each operation some changes are. */
export function count(changes: readonly Change[]): Readonly<Record<Operation, number>> {
  const counts = { create: 0, update: 0, replace: 0, delete: 0 };
  for (const { operation } of changes) counts[operation] += 1;
  return counts;
}

/** What a resource is: `Secret`; for a step, what it does: `joins the cluster`. */
export function kindOf({ summary, type }: Change): string {
  return summary ?? shortType(type);
}

/** A type without its package: `remote command`, `Secret`, `KubernetesCluster`, `provider`. */
export function shortType(type: string): string {
  const [pkg = "", module = "", name = ""] = type.split(":");
  if (pkg === "command") return `${module} command`;
  if (pkg === "pulumi" && module === "providers") return "provider";
  return name || type;
}
