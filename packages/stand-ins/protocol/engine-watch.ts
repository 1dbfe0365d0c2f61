import type { Server } from "@grpc/grpc-js";
import type { EngineLog } from "./engine-log";

const POLL_MS = 1_000;
/** Longest time that work in progress may go on without the engine. The official plugins notice within five minutes. */
const LONGEST_ORPHAN_MS = 5 * 60_000;

/**
 * Ends this process after the engine was killed. Commands that run on machines finish first, since a script cut in the
 * middle is worse than a late one; requests are refused.
 */
export function endWithEngine(server: Server, log: EngineLog): void {
  const engine = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === engine) return;
    clearInterval(timer);
    log.disconnect();
    server.forceShutdown();
    setTimeout(() => process.exit(0), LONGEST_ORPHAN_MS).unref();
  }, POLL_MS);
  timer.unref();
}
