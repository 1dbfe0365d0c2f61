import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "ssh2";
import { PermanentFailure, login, tunnel } from "./client";
import type { SshEndpoint, SshSettings } from "./settings";

/** Told about each failed dial that will be repeated: `Dial 3/10 failed: retrying (…)`. */
export type OnRetry = (message: string) => void;

/* The official plugin's schedule: ten failures take about 12 s, sixty about four and a half minutes. */
const FIRST_DELAY_MS = 100;
const DELAY_FACTOR = 1.5;
const LONGEST_DELAY_MS = 5_000;

/**
 * Connects, through the proxy when there is one, and repeats failed dials up to `dialErrorLimit`.
 * A wrong host key ends it at once: a key that is pinned doesn't become right by waiting. So do unusable settings.
 *
 * @throws Error `after N failed attempts: …`
 */
export async function dial(settings: SshSettings, signal: AbortSignal, onRetry: OnRetry): Promise<Client> {
  const { proxy } = settings;
  if (proxy === undefined) return retrying("Dial", settings, signal, onRetry, () => login(settings));
  const outer = await labelled(retrying("Dial proxy", proxy, signal, onRetry, () => login(proxy)));
  try {
    const connect = async (): Promise<Client> => {
      const stream: Duplex = await tunnel(outer, settings);
      return login(settings, stream);
    };
    const client = await labelled(retrying("Dial from proxy", settings, signal, onRetry, connect));
    client.once("close", () => outer.end());
    return client;
  } catch (error) {
    outer.end();
    throw error;
  }
}

/** Says of an error that it happened on the way through a proxy. */
async function labelled<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`proxy: ${(error as Error).message}`);
  }
}

/** Runs an attempt until it succeeds, the endpoint's limit is passed, or the user interrupts. */
async function retrying<T>(
  what: string,
  { dialErrorLimit: limit }: Pick<SshEndpoint, "dialErrorLimit">,
  signal: AbortSignal,
  onRetry: OnRetry,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 1, delay = FIRST_DELAY_MS; ; failures++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const reason = (error as Error).message;
      if (error instanceof PermanentFailure) throw error;
      if (limit >= 0 && failures > limit) throw new Error(`after ${limit} failed attempts: ${reason}`);
      onRetry(`${what} ${failures}/${limit < 0 ? "inf" : limit} failed: retrying (${reason})`);
    }
    await sleep(delay, undefined, { signal });
    delay = Math.min(delay * DELAY_FACTOR, LONGEST_DELAY_MS);
  }
}
