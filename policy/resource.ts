import { addressOf } from "../components/tokens";

export { nameOf } from "../components/tokens";

/** Stands for a value that is only known once something has been made. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** A resource as a rule sees it. Values that Pulumi keeps secret are here in clear: no message may repeat one. */
export interface Resource {
  readonly urn: string;
  /** `command:remote:Command` */
  readonly type: string;
  readonly name: string;
  /** URN of the component it belongs to; empty for none. */
  readonly parent: string;
  /** What the program asks for; for a rule about the whole stack what is known of the result: a component's outputs. */
  readonly values: Fields;
  readonly protect: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly additionalSecretOutputs: readonly string[];
  /** URN, or empty. Unset where it can't be told: Pulumi keeps this option from policies. */
  readonly deletedWith?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** The fields of a value that is an object; of any other, none. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The entries of a value that is a list; of any other, none. */
export function entries(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** A known, non-empty text. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Whether there is a value, or will be one. */
export function isGiven(value: unknown): boolean {
  return value === UNKNOWN || (value !== undefined && value !== null && value !== "");
}

/** The stack that a resource is in. */
export function stackOf(urn: string): string {
  return addressOf(urn).stack;
}

/** The types of a resource's components and its own, outermost first. */
export function lineage(urn: string): readonly string[] {
  const { type, within } = addressOf(urn);
  return [...within, type];
}
