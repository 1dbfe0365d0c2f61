import { connect as connectSocket, type Socket } from "node:net";
import { endpointName, type SshEndpoint } from "./settings";

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  ECONNRESET: "read: connection reset by peer",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ENOTFOUND: "lookup: no such host",
  ETIMEDOUT: "i/o timeout",
};

/** Opens a TCP connection within `perDialTimeout`. @throws Error worded like the official plugin's */
export async function connect(endpoint: SshEndpoint): Promise<Socket> {
  const { host, perDialTimeout, port } = endpoint;
  // Requests are small and each waits for its answer: collecting them into bigger packets only costs time.
  const socket = connectSocket({ host, port, noDelay: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve).once("error", reject);
      if (perDialTimeout > 0)
        timer = setTimeout(() => reject(Object.assign(new Error(), { code: "ETIMEDOUT" })), perDialTimeout * 1000);
    });
    return socket;
  } catch (error) {
    socket.destroy();
    throw new Error(networkFailure(error, endpoint) ?? String(error));
  } finally {
    clearTimeout(timer);
  }
}

/** `dial tcp 10.0.0.11:22: connect: connection refused`; undefined for what the network did not cause. */
export function networkFailure(error: unknown, endpoint: SshEndpoint): string | undefined {
  const { code, level } = error as { code?: string; level?: string };
  const cause = level === "client-timeout" ? CAUSES["ETIMEDOUT"] : CAUSES[code ?? ""];
  return cause && `dial tcp ${endpointName(endpoint)}: ${cause}`;
}
