/** One promise of the platform, proved on real local machines. */
export interface Drill {
  /** The name that `npm run drill -- NAME` takes. */
  readonly name: string;
  /** The promise, as a sentence. */
  readonly promise: string;
  /** What the drill starts from: the running platform, or nothing at all. */
  readonly needs: "platform" | "nothing";
  /** Expected minutes on two quiet cores with the mirror built. `npm test` plans with this figure. */
  readonly minutes: number;
  /** Whether `npm test` runs the drill. The nightly pipeline runs every drill. */
  readonly inTest: boolean;
  /**
   * Proves the promise or throws. Reports what it observes through `see`.
   *
   * @returns the figure for the last line: `refused in 14.2 s`
   */
  readonly run: (see: (line: string) => void) => Promise<string>;
}
