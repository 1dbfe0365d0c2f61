import * as React from "react";

export interface DataError {
  state: boolean;
  retry: () => void;
}

/** Loads data when a component appears, and again when a dependency changes. Drops a result that comes too late. */
export function useData<T>(
  load: () => Promise<T>,
  init?: T,
  loaded?: (data: T) => void,
  dependencies: unknown[] = [],
): [T | undefined, boolean, DataError] {
  const [data, setData] = React.useState(init);
  const [loading, setLoading] = React.useState(true);
  const [failed, setFailed] = React.useState(false);
  const [attempt, setAttempt] = React.useState(0);

  React.useEffect(() => {
    let gone = false;
    setLoading(true);
    setFailed(false);
    load().then(
      (result) => {
        if (gone) return;
        setData(result);
        setLoading(false);
        loaded?.(result);
      },
      () => {
        if (gone) return;
        setFailed(true);
        setLoading(false);
      },
    );
    return () => {
      gone = true;
    };
  }, [attempt, ...dependencies]);

  return [data, loading, { state: failed, retry: () => setAttempt(attempt + 1) }];
}

const UNITS: [name: string, seconds: number][] = [
  ["d", 86400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];

/** A time in its two largest units: `3h24m ago`. */
export function ago(date: Date): string {
  let seconds = Math.max(0, Math.floor((Date.now() - date.getTime()) / 1000));
  if (isNaN(seconds)) return "";
  const parts: string[] = [];
  for (const [name, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (parts.length < 2 && (count > 0 || (name === "s" && parts.length === 0))) parts.push(`${count}${name}`);
  }
  return `${parts.join("")} ago`;
}
