import { createHash } from "node:crypto";

/** What a unit gets to work with. */
export interface BuildContext {
  /** The cache directory, `~/.cache/gitops-platform`. */
  readonly cache: string;
  /** Scratch directory of this one build, on the cache's file system; removed afterwards. */
  readonly scratch: string;
  /** File for the output of commands. */
  readonly log: string;
  /** Where the finished output of another unit lies. */
  output(unit: Unit): string;
}

/**
 * Something the mirror builds once and keeps by content: compiled programs, a Debian root, an image.
 * Its key is the hash of its inputs and of the keys of what it needs; the same key is never built twice.
 */
export interface Unit {
  /** Unique, also the directory's name: `kubernetes`, `image-argocd`. */
  readonly name: string;
  /** All that decides the output, apart from other units: pins, flags, file contents, tool versions. */
  readonly inputs: readonly string[];
  readonly needs: readonly Unit[];
  /** Estimate for a machine with two cores and empty caches, used until a real duration is known. */
  readonly seconds: number;
  /** Disk the build takes in the cache and in Go's caches, in MiB. */
  readonly diskMiB: number;
  /** Writes the output into a directory that exists and is empty. */
  build(directory: string, context: BuildContext): Promise<void>;
}

/** The content address of a unit: 20 hexadecimal digits. */
export function unitKey(unit: Unit): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([unit.name, unit.inputs, unit.needs.map(unitKey)]));
  return hash.digest("hex").slice(0, 20);
}

/** Whether a unit is one of the given ones, or is made from one of them. */
export function isMadeFrom(unit: Unit, sources: readonly Unit[]): boolean {
  return sources.includes(unit) || unit.needs.some((need) => isMadeFrom(need, sources));
}
