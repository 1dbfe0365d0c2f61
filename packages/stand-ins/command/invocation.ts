import type { Logging } from "./captured-output";

/** One run of a command, local or remote. */
export interface Invocation {
  readonly command: string;
  /** Nothing and an empty text are the same: the command reads end of file. */
  readonly stdin?: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly logging?: Logging;
  /** Takes progress notes. */
  readonly show: (line: string) => void;
  /** Aborts when the user interrupts the run; the command is then killed. */
  readonly signal: AbortSignal;
}
