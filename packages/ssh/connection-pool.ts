import { createHash } from "node:crypto";
import type { Client, ClientChannel } from "ssh2";
import { dial, type OnRetry } from "./dial";
import type { SshSettings } from "./settings";

/** Unused connections are closed after this time. */
const IDLE_MS = 10_000;
/** A kept connection that starts no command within this time counts as dead: another one is dialled. */
const REUSE_TIMEOUT_MS = 20_000;

/** A remote command and its channel, on a connection of its own. */
export interface RunningCommand {
  readonly channel: ClientChannel;
  /** Hands the connection back for the next command; `broken` closes it. */
  readonly release: (broken: boolean) => void;
}

/**
 * Connections of finished commands, kept for the next command with the same settings: a new login costs a quarter of a
 * second, a command on an open connection a tenth of that. Runs one command at a time on a connection, so that the
 * server's MaxSessions never matters.
 */
export class ConnectionPool {
  private readonly idle = new Map<string, Kept[]>();

  /**
   * Starts a command on a kept connection, or on a new one.
   *
   * @param env variables to ask the server for; servers ignore what they aren't configured to accept
   * @param signal ends the dialling
   * @throws Error when the server can't be reached, or refuses the command
   */
  async start(
    settings: SshSettings,
    command: string,
    env: Readonly<Record<string, string>>,
    signal: AbortSignal,
    onRetry: OnRetry,
  ): Promise<RunningCommand> {
    const key = createHash("sha256").update(JSON.stringify(settings)).digest("hex");
    for (let kept = this.take(key); kept !== undefined; kept = this.take(key)) {
      try {
        return this.running(key, kept, await openChannel(kept, command, env, REUSE_TIMEOUT_MS));
      } catch {
        kept.destroy();
      }
    }
    const client = await dial(settings, signal, onRetry);
    try {
      return this.running(key, client, await openChannel(client, command, env));
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  private running(key: string, client: Client, channel: ClientChannel): RunningCommand {
    return {
      channel,
      release: (broken) => {
        if (broken) client.destroy();
        else this.keep(key, client);
      },
    };
  }

  private take(key: string): Client | undefined {
    const kept = this.idle.get(key)?.pop();
    kept?.forget();
    return kept?.client;
  }

  private keep(key: string, client: Client): void {
    const siblings = this.idle.get(key) ?? [];
    this.idle.set(key, siblings);
    const drop = (): void => {
      siblings.splice(siblings.indexOf(kept), 1);
      kept.forget();
      client.end();
    };
    const timer = setTimeout(drop, IDLE_MS).unref();
    const kept: Kept = {
      client,
      forget: () => {
        clearTimeout(timer);
        client.removeListener("close", drop);
      },
    };
    client.once("close", drop);
    siblings.push(kept);
  }
}

/** An unused connection; `forget` stops watching it. */
interface Kept {
  readonly client: Client;
  forget(): void;
}

function openChannel(
  client: Client,
  command: string,
  env: Readonly<Record<string, string>>,
  timeoutMs?: number,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const give = (up: Error): void => {
      settle();
      reject(up);
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => give(new Error("no answer")), timeoutMs);
    const hungUp = (): void => give(new Error("ssh: the server closed the connection"));
    const settle = (): void => {
      clearTimeout(timer);
      client.removeListener("close", hungUp);
    };
    client.once("close", hungUp);
    client.exec(command, { env: { ...env } }, (error, channel) => {
      settle();
      if (error) reject(error);
      else resolve(channel);
    });
  });
}
