import type { JsonObject } from "../../protocol/property-value";
import type { ObjectStore } from "../object-store";

/** Whether an object is ready, and what it is still waiting for. */
export type Verdict =
  | { readonly ready: true }
  | {
      readonly ready: false;
      /** The present state, as the end of "waiting: …". */
      readonly state: string;
      /** It won't get ready any more. */
      readonly hopeless?: boolean;
    };

export interface RuleContext {
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
}

/** Judges a live object. */
export type ReadinessRule = (object: JsonObject, context: RuleContext) => Verdict | Promise<Verdict>;

export const READY: Verdict = { ready: true };

export function waiting(state: string): Verdict {
  return { ready: false, state };
}

export function hopeless(state: string): Verdict {
  return { ready: false, state, hopeless: true };
}
