import type { PropertyMap } from "./property-value";

/** The resource exists, but isn't ready: its state is stored, the run fails, and the next `up` continues from there. */
export class InitializationFailure extends Error {
  /**
   * @param id the resource's id
   * @param properties its state so far
   * @param reasons whole sentences, shown to the user
   * @param inputs only for a failed read: the inputs as they are live
   */
  constructor(
    readonly id: string,
    readonly properties: PropertyMap,
    readonly reasons: readonly string[],
    readonly inputs?: PropertyMap,
  ) {
    super(reasons.join("\n"));
  }
}
