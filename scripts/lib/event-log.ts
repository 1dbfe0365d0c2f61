import { appendFileSync, closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent } from "./events";

const POLL_MS = 100;

/** Pulumi's event log while it is written. */
export interface EventLog {
  /** The value of `--event-log`. */
  readonly file: string;
  /** Reads the rest and removes the log. */
  end(): void;
}

/**
 * Follows the events of one command without keeping them: Pulumi writes every property into them, secrets in clear. The
 * file is in memory, has mode 0600, and loses its name as soon as Pulumi has opened it.
 *
 * @param begun file that keeps which resource was begun when, and nothing else
 */
export function followEvents(begun: string, onEvent: (event: EngineEvent) => void): EventLog {
  const directory = mkdtempSync("/dev/shm/gitops-platform-events-");
  const file = join(directory, "events.json");
  const descriptor = openSync(file, "wx+", 0o600);
  const chunk = Buffer.alloc(1 << 16);
  let offset = 0;
  let rest = Buffer.alloc(0);
  const read = (): void => {
    for (;;) {
      const length = readSync(descriptor, chunk, 0, chunk.length, offset);
      if (length === 0) return;
      if (offset === 0) rmSync(directory, { recursive: true, force: true });
      offset += length;
      rest = Buffer.concat([rest, chunk.subarray(0, length)]);
      for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
        const line = rest.subarray(0, end).toString("utf8").trim();
        rest = rest.subarray(end + 1);
        if (line) take(JSON.parse(line) as EngineEvent);
      }
    }
  };
  const take = (event: EngineEvent): void => {
    const metadata = event.resourcePreEvent?.metadata;
    if (metadata) {
      const { op, urn, type } = metadata;
      const started = { timestamp: event.timestamp, resourcePreEvent: { metadata: { op, urn, type } } };
      appendFileSync(begun, `${JSON.stringify(started)}\n`, { mode: 0o600 });
    }
    onEvent(event);
  };
  const timer = setInterval(read, POLL_MS);
  return {
    file,
    end: () => {
      clearInterval(timer);
      read();
      closeSync(descriptor);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
