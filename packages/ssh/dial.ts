import { connect as connectSocket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "ssh2";
import { PermanentFailure, login, tunnel } from "./client";
import { connect } from "./connect";
import type { SshEndpoint, SshSettings } from "./settings";

/** Takes a line for each failed dial that is repeated: `Dial 3/10 failed: retrying (…)`. */
export type OnRetry = (message: string) => void;

/* The official plugin's schedule: ten failures take about 12 s, sixty about four and a half minutes. */
const FIRST_DELAY_MS = 100;
const DELAY_FACTOR = 1.5;
const LONGEST_DELAY_MS = 5_000;

/** Length of the handshake: the official plugin has no limit for it, and waits for a silent server for ever. */
const NO_LIMIT = 0;

/**
 * Connects as the official plugin does, through the proxy when there is one, and repeats failed dials up to
 * `dialErrorLimit`. `perDialTimeout` is for the TCP connection only. Through a proxy the handshake is not repeated: the
 * official plugin repeats it on the stream that has failed. A wrong host key and unusable settings fail at once.
 *
 * @throws Error `after N failed attempts: …`
 */
export async function dial(settings: SshSettings, signal: AbortSignal, onRetry: OnRetry): Promise<Client> {
  const target = await withAgent(settings);
  const direct = async (to: SshEndpoint): Promise<Client> => login(to, await connect(to), NO_LIMIT);
  if (target.proxy === undefined) return retrying("Dial", target, signal, onRetry, () => direct(target));
  const proxy = await labelled(withAgent(target.proxy));
  const outer = await labelled(retrying("Dial proxy", proxy, signal, onRetry, () => direct(proxy)));
  try {
    const open = retrying("Dial from proxy", target, signal, onRetry, () => tunnel(outer, target));
    const client = await labelled(open.then((stream) => login(target, stream, NO_LIMIT)));
    client.once("close", () => outer.end());
    return client;
  } catch (error) {
    outer.end();
    throw error;
  }
}

/**
 * Fills in SSH_AUTH_SOCK. The official plugin opens the agent's socket for every connection, whether it needs a key from
 * there or not, and fails when it can't.
 */
async function withAgent<T extends SshEndpoint>(endpoint: T): Promise<T> {
  const agentSocketPath = endpoint.agentSocketPath ?? (process.env.SSH_AUTH_SOCK || undefined);
  if (agentSocketPath === undefined) return endpoint;
  const socket = connectSocket(agentSocketPath);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PermanentFailure(
      `dial unix ${agentSocketPath}: connect: ${code === "ENOENT" ? "no such file or directory" : code}`,
    );
  } finally {
    socket.destroy();
  }
  return { ...endpoint, agentSocketPath };
}

/** Marks an error that happened on the way through a proxy. */
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
