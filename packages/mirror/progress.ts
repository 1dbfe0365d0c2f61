import type { BuildObserver } from "./units/schedule";
import type { Unit } from "./units/unit";

/** The progress of a build. */
export interface ProgressStatus {
  readonly done: number;
  readonly total: number;
  /** Names of the units in work. */
  readonly running: readonly string[];
  readonly elapsedSeconds: number;
  /** Estimate from the expected durations and this run's pace; unset until there is a pace. */
  readonly remainingSeconds: number | undefined;
}

/** `8 min 05 s`, `42 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** Done components before which no estimate is shown, and the part of the work that does as well. */
const [LEAST_DONE, LEAST_PART] = [3, 1 / 10];
/** Builds run in parallel: the pace before anything is known, and the part of the work that it counts as. */
const [FIRST_PACE, WEIGHT] = [0.6, 0.15];

/** One line for a terminal: `12 of 37 · 3 min 05 s · about 9 min 40 s left · kubernetes, layer-base`. */
export function describeStatus(status: ProgressStatus): string {
  const left = estimate(status);
  const counts = [`${status.done} of ${status.total}`, formatDuration(status.elapsedSeconds), ...left].join(" · ");
  return status.running.length > 0 ? `${counts} · ${status.running.join(", ")}` : counts;
}

function estimate({ remainingSeconds }: ProgressStatus): string[] {
  if (remainingSeconds === undefined) return [];
  return [remainingSeconds < 5 ? "almost done" : `about ${formatDuration(remainingSeconds)} left`];
}

/** Keeps the count, the clock and the estimate of one build. */
export class ProgressTracker implements BuildObserver {
  private readonly began: number;
  private readonly running = new Map<string, { readonly since: number; readonly expected: number }>();
  private done = 0;
  private doneExpected = 0;
  private readonly totalExpected: number;

  /**
   * @param expected Expected seconds of each unit.
   * @param now Clock in milliseconds; tests bring their own.
   */
  constructor(
    private readonly expected: ReadonlyMap<string, number>,
    private readonly now: () => number = Date.now,
  ) {
    this.began = now();
    this.totalExpected = [...expected.values()].reduce((sum, seconds) => sum + seconds, 0);
  }

  started(unit: Pick<Unit, "name">): void {
    this.running.set(unit.name, { since: this.now(), expected: this.expected.get(unit.name) ?? 0 });
  }

  finished(unit: Pick<Unit, "name">): void {
    this.doneExpected += this.running.get(unit.name)?.expected ?? 0;
    this.running.delete(unit.name);
    this.done += 1;
  }

  status(): ProgressStatus {
    const now = this.now();
    const elapsedSeconds = (now - this.began) / 1000;
    let progressed = this.doneExpected;
    for (const { since, expected } of this.running.values())
      progressed += Math.min(expected * 0.95, (now - since) / 1000);
    const open = Math.max(0, this.totalExpected - progressed);
    const prior = this.totalExpected * WEIGHT;
    const pace = Math.min(3, (elapsedSeconds + prior * FIRST_PACE) / (progressed + prior));
    const { done } = this;
    const known = done >= LEAST_DONE || progressed > this.totalExpected * LEAST_PART;
    return {
      done,
      total: this.expected.size,
      running: [...this.running.keys()],
      elapsedSeconds,
      remainingSeconds: known ? open * pace : undefined,
    };
  }
}

/** Shows progress. All methods may be called at any time. */
export interface ProgressDisplay {
  /** Prints a line of its own: a package is installed, a lock is waited for. */
  note(text: string): void;
  /** A build begins; the display may read the tracker at any time. */
  begin(tracker: ProgressTracker): void;
  started(unit: string, tracker: ProgressTracker): void;
  finished(unit: string, seconds: number, tracker: ProgressTracker): void;
  end(): void;
}

/** Plain lines, for logs and pipes: one for each component that is built. */
export function plainDisplay(write: (line: string) => void): ProgressDisplay {
  const position = (tracker: ProgressTracker): string => {
    const status = tracker.status();
    return `[${[`${status.done}/${status.total}`, ...estimate(status)].join(", ")}]`;
  };
  return {
    note: (text) => write(`mirror: ${text}`),
    begin: (tracker) => write(`mirror: ${tracker.status().total} components to build`),
    started: () => undefined,
    finished: (unit, seconds, tracker) =>
      write(`mirror: ${position(tracker)} ${unit} built in ${formatDuration(seconds)}`),
    end: () => undefined,
  };
}

/** The part of a listr2 task that shows a line below its title. */
export interface TaskOutput {
  output: string;
}

/** One moving line below a listr2 task. */
export function taskDisplay(task: TaskOutput): ProgressDisplay {
  let timer: NodeJS.Timeout | undefined;
  return {
    note: (text) => (task.output = text),
    begin: (tracker) => {
      const show = (): void => void (task.output = describeStatus(tracker.status()));
      show();
      timer = setInterval(show, 1000);
    },
    started: (_unit, tracker) => (task.output = describeStatus(tracker.status())),
    finished: (_unit, _seconds, tracker) => (task.output = describeStatus(tracker.status())),
    end: () => clearInterval(timer),
  };
}
