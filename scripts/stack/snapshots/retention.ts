/** How many of the latest snapshots of each kind stay: those of a day, and the newest one of days, weeks and months. */
const KEPT = { hours: 24, days: 7, weeks: 5, months: 12 } as const;

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** When a snapshot was taken, by its name; undefined for a file that is none. */
export function takenAt(name: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[\w.-]+\.age$/.exec(name) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** Snapshots of a directory that may go, grandfather, father and son. The newest one always stays, whatever its age. */
export function superfluous(names: readonly string[], nowMs: number): string[] {
  const taken = names
    .flatMap((name) => {
      const at = takenAt(name);
      return at === undefined ? [] : [{ name, at }];
    })
    .sort((left, right) => right.at - left.at);
  const kept = new Set(taken.slice(0, 1).map(({ name }) => name));
  for (const { at, name } of taken) if (nowMs - at < KEPT.hours * HOUR_MS) kept.add(name);
  const newestOf = (period: (at: number) => string | number, count: number): void => {
    const first = new Map<string | number, string>();
    for (const { at, name } of taken) if (!first.has(period(at))) first.set(period(at), name);
    for (const name of [...first.values()].slice(0, count)) kept.add(name);
  };
  newestOf((at) => Math.floor(at / DAY_MS), KEPT.days);
  // Weeks from Monday on: 1970 began with a Thursday.
  newestOf((at) => Math.floor((at / DAY_MS + 3) / 7), KEPT.weeks);
  newestOf((at) => new Date(at).toISOString().slice(0, 7), KEPT.months);
  return taken.map(({ name }) => name).filter((name) => !kept.has(name));
}
