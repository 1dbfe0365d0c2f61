import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { goQuote } from "./go-quote";

/** Which streams of a command show as progress notes while it runs. They are captured in any case. */
export type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none";

/** Output of a finished command, each stream without one trailing newline. */
export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Collects a command's output while it runs, and shows whole lines of it as progress. */
export class CapturedOutput {
  private readonly texts = { stdout: "", stderr: "" };
  private both = "";

  /**
   * @param logging which streams to show; both when not given
   * @param show takes one line, without its newline
   */
  constructor(
    private readonly logging: Logging = "stdoutAndStderr",
    private readonly show: (line: string) => void,
  ) {}

  /** Reads a stream to its end. */
  read(stream: Readable, name: "stdout" | "stderr"): void {
    const decoder = new StringDecoder("utf8");
    const shown = this.logging === "stdoutAndStderr" || this.logging === name;
    let rest = "";
    const take = (text: string): void => {
      this.texts[name] += text;
      this.both += text;
      if (!shown) return;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(this.show);
    };
    stream.on("data", (chunk: Buffer) => take(decoder.write(chunk)));
    stream.on("end", () => {
      take(decoder.end());
      if (rest !== "") this.show(rest);
    });
  }

  /** The outputs of a command that succeeded. */
  outputs(): CommandOutput {
    const trimmed = (text: string): string => (text.endsWith("\n") ? text.slice(0, -1) : text);
    return { stdout: trimmed(this.texts.stdout), stderr: trimmed(this.texts.stderr) };
  }

  /**
   * The error of a command that failed, worded like the official plugin's: it repeats the command and all output. Of a command
   * whose output shows nowhere it repeats standard error only, because its standard output may be a secret.
   *
   * @param cause `exit status 3`
   */
  failure(cause: string, command: string): Error {
    return new Error(
      `${cause}: running ${goQuote(command)}:\n${this.logging === "none" ? this.texts.stderr : this.both}`,
    );
  }
}
