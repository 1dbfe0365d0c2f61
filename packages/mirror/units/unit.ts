import { createHash } from "node:crypto";

/** The surroundings of one build. */
export interface BuildContext {
  /** The cache directory, `~/.cache/gitops-platform`. */
  readonly cache: string;
  /** Scratch directory of this one build, on the cache's file system; removed afterwards. */
  readonly scratch: string;
  /** File for the output of commands. */
  readonly log: string;
  /** Takes each line of commands that report their progress. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Directory of another unit's finished output. */
  output(unit: Unit): string;
}

/**
 * One build that is kept by content: compiled programs, a Debian root, an image.
 * Its key is the hash of its inputs and of its needs' keys; the same key is never built twice.
 */
export interface Unit {
  /** Unique, also the directory's name: `kubernetes`, `image-argocd`. */
  readonly name: string;
  /** Everything but other units that decides the output: pins, flags, file contents, tool versions. */
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

/** Whether a unit is one of the given ones, or needs one of them. */
export function isMadeFrom(unit: Unit, sources: readonly Unit[]): boolean {
  return sources.includes(unit) || unit.needs.some((need) => isMadeFrom(need, sources));
}
