/** One promise of the platform, proved on real local machines. */
export interface Drill {
  /** What `npm run drill -- NAME` calls it. */
  readonly name: string;
  /** The promise, as a sentence. */
  readonly promise: string;
  /** What has to be there before: the running platform, or nothing at all. */
  readonly needs: "platform" | "nothing";
  /**
   * Proves the promise or throws. Tells what it sees.
   *
   * @param byName whether it was asked for by its name, and not by `all`, which `npm test` runs after its other suites
   * @returns the figure for the last line: `refused in 14.2 s`
   */
  readonly run: (see: (line: string) => void, byName: boolean) => Promise<string>;
}
