import type { Duplex } from "node:stream";
import { login, tunnel } from "./client";
import { connect } from "./connect";
import { endpointName, type SshEndpoint, type SshSettings } from "./settings";

/**
 * What an SSH server does when somebody connects.
 *
 * - `answers`: it sends its banner.
 * - `silent`: it takes the connection and sends nothing. A client without a limit of its own waits for ever.
 * - `away`: there is no connection, so a client fails by itself.
 */
export type Answer =
  | { readonly state: "answers" }
  | { readonly state: "silent" | "away"; readonly where: string; readonly reason: string };

/**
 * Asks a server for its banner, and its bastion before it. Logs in to the bastion only.
 *
 * @param seconds longest wait for each of: the connection, the bastion's login, the banner
 */
export async function answerOf({ proxy, ...server }: SshSettings, seconds: number): Promise<Answer> {
  if (!proxy) return bannerOf(server, seconds, () => connect(within(server, seconds)));
  const bastion = await bannerOf(proxy, seconds, () => connect(within(proxy, seconds)));
  if (bastion.state !== "answers") return bastion;
  try {
    const client = await login(within(proxy, seconds));
    try {
      return await bannerOf(server, seconds, () => tunnel(client, server));
    } finally {
      client.end();
    }
  } catch (error) {
    return { state: "away", where: endpointName(proxy), reason: (error as Error).message };
  }
}

function within(endpoint: SshEndpoint, seconds: number): SshEndpoint {
  return { ...endpoint, perDialTimeout: seconds };
}

async function bannerOf(server: SshEndpoint, seconds: number, open: () => Promise<Duplex>): Promise<Answer> {
  const where = endpointName(server);
  const away = (reason: string): Answer => ({ state: "away", where, reason });
  let stream: Duplex | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<Answer>((resolve) => {
    timer = setTimeout(
      () =>
        resolve(
          stream
            ? { state: "silent", where, reason: `no SSH banner within ${seconds} s of connecting` }
            : away(`no connection within ${seconds} s`),
        ),
      // A direct connection has its own limit of the same length, and the better words.
      seconds * 1000 + 200,
    );
  });
  const asked = async (): Promise<Answer> => {
    try {
      stream = await open();
    } catch (error) {
      return away((error as Error).message);
    }
    timer?.refresh();
    return await new Promise<Answer>((resolve) => {
      stream
        ?.once("data", () => resolve({ state: "answers" }))
        .once("error", (error) => resolve(away(error.message)))
        .once("close", () => resolve(away(`${where} hung up`)));
    });
  };
  try {
    return await Promise.race([asked(), tooLong]);
  } finally {
    clearTimeout(timer);
    stream?.on("error", () => undefined).destroy();
  }
}
