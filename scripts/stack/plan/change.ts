import { addressOf, STACK } from "../../../components/tokens";
import { compareNames } from "../../lib/stack-model";
import type { Digest, Step } from "./digest";
import { propertyChanges } from "./property-change";

export type Operation = "create" | "update" | "replace" | "delete";

/** One resource that a plan changes. */
export interface Change {
  readonly operation: Operation;
  readonly name: string;
  readonly type: string;
  /** Types of the components around it, outermost first. */
  readonly within: readonly string[];
  /** Name of the component that it belongs to; unset for what stands in the stack itself. */
  readonly owner?: string;
  /** What a step does: "joins the cluster". */
  readonly summary?: string | undefined;
  /** A component is a group of resources and nothing by itself. */
  readonly component: boolean;
  /** What changes in it, a line each; empty for what is created or deleted. */
  readonly details: readonly string[];
  readonly step: Step;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  create: "create",
  import: "create",
  update: "update",
  delete: "delete",
  // The three halves of one replacement come as steps of their own, in an order that depends on the resource.
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
};

/** The resources that a digest changes, one entry each, in an order that does not depend on the engine's. */
export function changesOf(digest: Digest): readonly Change[] {
  const steps = new Map<string, { operation: Operation; step: Step }>();
  for (const step of digest.steps ?? []) {
    // The engine calls a resource the same of which only the protection changes.
    const operation = OPERATIONS[step.op] ?? (protectionChange(step) ? "update" : undefined);
    if (operation === undefined || addressOf(step.urn).type === STACK) continue;
    const merged: Step = { ...steps.get(step.urn)?.step, ...defined(step) };
    steps.set(step.urn, { operation, step: merged });
  }
  return [...steps.values()]
    .map(({ operation, step }) => changeOf(operation, step))
    .sort(
      (left, right) =>
        compareNames(left.name, right.name) || compareNames(left.type, right.type) || compareUrns(left, right),
    );
}

/** Whether a step puts a resource's protection on or off; nothing where it leaves it as it is, or makes or deletes it. */
export function protectionChange({ oldState, newState }: Step): "on" | "off" | undefined {
  if (!oldState || !newState || (oldState.protect ?? false) === (newState.protect ?? false)) return undefined;
  return newState.protect ? "on" : "off";
}

function changeOf(operation: Operation, step: Step): Change {
  const { name, type, within } = addressOf(step.urn);
  const state = step.newState ?? step.oldState;
  const parent = state?.parent === undefined ? undefined : addressOf(state.parent);
  return {
    operation,
    name,
    type,
    within,
    ...(parent && parent.type !== STACK ? { owner: parent.name } : {}),
    component: state?.custom === false,
    details: operation === "update" || operation === "replace" ? detailsOf(step) : [],
    step,
  };
}

function detailsOf(step: Step): readonly string[] {
  const protection = protectionChange(step);
  // A component's protection is that of what is in it.
  if (!protection || step.newState?.custom === false) return propertyChanges(step);
  return [...propertyChanges(step), protection === "off" ? "protection: on → off" : "protection: off → on"];
}

/** For what a person calls the same: `worker-1` and `worker-01`. */
function compareUrns({ step: left }: Change, { step: right }: Change): number {
  return left.urn < right.urn ? -1 : Number(left.urn > right.urn);
}

function defined(step: Step): Step {
  return Object.fromEntries(Object.entries(step).filter(([, value]) => value !== undefined && value !== null)) as Step;
}
