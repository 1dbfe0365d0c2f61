/**
 * What a step is for, as data. Its component has it among its inputs, because those are in the state and in every
 * preview, whether the step itself was ever run or not (docs/adr/0004-facts-are-inputs-of-components.md).
 */
export interface StepFacts {
  /** The node the step is for, wherever it runs. Unset for a step that concerns no node or all of them. */
  readonly node?: string;
  /** The kind of step, the same for every node: `join`. */
  readonly step: string;
  /** What it does, in a few words: "joins the cluster". */
  readonly summary: string;
}

/** The steps of a component, by the name of each step's resource. */
export type Steps = Readonly<Record<string, StepFacts>>;
