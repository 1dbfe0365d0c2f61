import type { Histogram } from "./sample";

/**
 * Where a percentile is: more than `above`, and at most `upTo`, in milliseconds. etcd's buckets are powers of two, and a number
 * between two bounds would be invented.
 */
export interface Range {
  readonly above: number;
  /** null: the last bucket has no upper bound. */
  readonly upTo: number | null;
}

/** How a range is to a limit. */
export type Verdict = "within" | "straddles" | "over";

/** What was counted from one reading to the next. @returns nothing when the counter began again meanwhile */
export function difference(before: Histogram, after: Histogram): Histogram | undefined {
  const counts = Object.entries(after).map(([bound, count]) => [bound, count - (before[bound] ?? NaN)] as const);
  return counts.every(([, count]) => count >= 0) ? Object.fromEntries(counts) : undefined;
}

export function sum(histograms: readonly Histogram[]): Histogram | undefined {
  const [first, ...others] = histograms;
  if (!first) return undefined;
  return others.reduce<Histogram>(
    (total, next) =>
      Object.fromEntries(Object.entries(total).map(([bound, count]) => [bound, count + (next[bound] ?? NaN)])),
    first,
  );
}

/** How many there were in all. */
export function countOf(histogram: Histogram): number {
  return histogram["+Inf"] ?? NaN;
}

/** Where the 99th percentile is. @returns nothing where nothing was counted */
export function p99Of(histogram: Histogram): Range | undefined {
  const total = countOf(histogram);
  if (!(total > 0)) return undefined;
  const bounds = Object.entries(histogram)
    .map(([bound, count]) => ({ ms: bound === "+Inf" ? Infinity : Number(bound) * 1000, count }))
    .sort((left, right) => left.ms - right.ms);
  const index = bounds.findIndex(({ count }) => count >= total * 0.99);
  const upTo = bounds[index]?.ms;
  if (upTo === undefined) return undefined;
  return { above: bounds[index - 1]?.ms ?? 0, upTo: upTo === Infinity ? null : upTo };
}

/** Over: all of the range is. Straddles: the limit is in it, and nobody knows. */
export function verdictOn({ above, upTo }: Range, limitMs: number): Verdict {
  if (above >= limitMs) return "over";
  return upTo !== null && upTo <= limitMs ? "within" : "straddles";
}

/** `8–16 ms` */
export function describeRange({ above, upTo }: Range): string {
  return upTo === null ? `over ${above} ms` : `${above}–${upTo} ms`;
}
