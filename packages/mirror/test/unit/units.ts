import type { Unit } from "../../units/unit";

/** A unit that does what the test says. */
export function fakeUnit(name: string, rest: Partial<Unit> = {}): Unit {
  return { name, inputs: [], needs: [], seconds: 10, diskMiB: 1, build: async () => undefined, ...rest };
}
