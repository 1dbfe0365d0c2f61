import { appendFileSync, closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent } from "./events";

const POLL_MS = 100;

/** Pulumi's event log while it is written. */
export interface EventLog {
  /** What `--event-log` is given. */
  readonly file: string;
  /** Reads what is left and gives the log up. */
  end(): void;
}

/**
 * Follows the events of one update without keeping them: Pulumi writes every property into them, secrets in clear. The
 * file is in memory, readable by us only, and has no name any more from the moment that Pulumi has opened it.
 *
 * @param kept file that keeps which resource was begun when, and nothing else
 */
export function followEvents(kept: string, onEvent: (event: EngineEvent) => void): EventLog {
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
      const begun = { timestamp: event.timestamp, resourcePreEvent: { metadata: { op, urn, type } } };
      appendFileSync(kept, `${JSON.stringify(begun)}\n`, { mode: 0o600 });
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
