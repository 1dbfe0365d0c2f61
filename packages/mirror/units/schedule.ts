import type { Unit } from "./unit";

/** How many units are built at once: compilers use all cores by themselves, downloads and packing don't. */
const PARALLEL = 2;

/** Reports on a build. */
export interface BuildObserver {
  started(unit: Unit): void;
  finished(unit: Unit, seconds: number): void;
}

/**
 * Builds units, at most {@link PARALLEL} at a time, in the given order as far as their needs are built.
 * After the first failure no unit is started, running ones finish, and the failure is thrown.
 *
 * @param stale Units to build; their needs are in this list or already built.
 */
export async function buildAll(
  stale: readonly Unit[],
  build: (unit: Unit) => Promise<void>,
  observer: BuildObserver,
): Promise<void> {
  const waiting = [...stale];
  const unfinished = new Set(stale);
  const running = new Map<Unit, Promise<void>>();
  let failure: { readonly cause: unknown } | undefined;
  const start = async (unit: Unit): Promise<void> => {
    const began = Date.now();
    observer.started(unit);
    try {
      await build(unit);
      unfinished.delete(unit);
      observer.finished(unit, Math.round((Date.now() - began) / 1000));
    } catch (cause) {
      failure ??= { cause };
    } finally {
      running.delete(unit);
    }
  };
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex((unit) => unit.needs.every((need) => !unfinished.has(need)));
    const unit = waiting[next];
    if (unit && !failure && running.size < PARALLEL) {
      waiting.splice(next, 1);
      running.set(unit, start(unit));
    } else if (running.size > 0) {
      await Promise.race(running.values());
    } else {
      break;
    }
  }
  if (failure) throw failure.cause;
  if (waiting.length > 0)
    throw new Error(`units need each other in a circle: ${waiting.map(({ name }) => name).join(", ")}`);
}
