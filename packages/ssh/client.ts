import type { Duplex } from "node:stream";
import { Client, type AuthenticationType, type ConnectConfig, type ServerHostKeyAlgorithm, utils } from "ssh2";
import { networkFailure } from "./connect";
import { fingerprint, type HostKey, hostKeyAlgorithms, parseHostKey } from "./host-key";
import { endpointName, type SshEndpoint } from "./settings";

/** A wrong host key, or unusable settings: another attempt fails the same way. */
export class PermanentFailure extends Error {}

/* A command on a dead peer fails after two minutes without an answer. */
const KEEPALIVE = { keepaliveInterval: 15_000, keepaliveCountMax: 8 };

/**
 * One attempt to log in.
 *
 * @param over an established stream to the server. @default a new TCP connection
 * @param seconds longest login, 0 for no limit. @default `perDialTimeout`
 * @throws PermanentFailure, or an Error worded like the official plugin's; neither holds a secret
 */
export async function login(endpoint: SshEndpoint, over?: Duplex, seconds = endpoint.perDialTimeout): Promise<Client> {
  const client = new Client();
  let mismatch: PermanentFailure | undefined;
  const config = connectConfig(endpoint, seconds, (error) => (mismatch = error));
  return new Promise((resolve, reject) => {
    // Requests are small and each waits for its answer: collecting them into bigger packets only costs time.
    client.once("connect", () => client.setNoDelay(true));
    client.once("ready", () => {
      // Later errors come with a "close", which is what users of the client watch.
      client.removeAllListeners("error").on("error", () => undefined);
      resolve(client);
    });
    client.on("error", (error) => {
      client.destroy();
      reject(mismatch ?? new Error(describe(error, endpoint)));
    });
    client.once("close", () =>
      reject(mismatch ?? new Error(`ssh: handshake failed: ${endpointName(endpoint)} hung up`)),
    );
    client.on("keyboard-interactive", (_name, _text, _lang, prompts, finish) =>
      finish(prompts.map(() => endpoint.password ?? "")),
    );
    client.connect(over === undefined ? config : { ...config, sock: over });
  });
}

/** Opens a TCP stream from a server to another address. */
export function tunnel(from: Client, to: SshEndpoint): Promise<Duplex> {
  return new Promise((resolve, reject) =>
    from.forwardOut("127.0.0.1", 0, to.host, to.port, (error, stream) => {
      if (error) reject(new Error(`ssh: rejected: connect to ${endpointName(to)} failed (${error.message})`));
      else resolve(stream);
    }),
  );
}

function connectConfig(
  endpoint: SshEndpoint,
  seconds: number,
  onMismatch: (error: PermanentFailure) => void,
): ConnectConfig {
  const { host, port, user: username, password, privateKey, privateKeyPassword: passphrase } = endpoint;
  const pinned = pinnedKey(endpoint);
  checkPrivateKey(endpoint);
  // The official plugin tries each method once, and the agent's keys are the same method as the private key.
  const agent = privateKey === undefined ? endpoint.agentSocketPath : undefined;
  const methods: AuthenticationType[] = ["none"];
  if (privateKey !== undefined) methods.push("publickey");
  if (password !== undefined) methods.push("password", "keyboard-interactive");
  if (agent) methods.push("agent");
  return {
    ...KEEPALIVE,
    host,
    port,
    username,
    readyTimeout: seconds * 1000,
    authHandler: methods,
    ...(privateKey === undefined ? {} : { privateKey, passphrase }),
    ...(password === undefined ? {} : { password, tryKeyboard: true }),
    ...(agent ? { agent } : {}),
    ...(pinned === undefined
      ? {}
      : {
          algorithms: { serverHostKey: hostKeyAlgorithms(pinned) as ServerHostKeyAlgorithm[] },
          hostVerifier: (offered: Buffer): boolean => {
            const encoded = offered.toString("base64");
            if (encoded === pinned.encoded) return true;
            onMismatch(
              new PermanentFailure(
                `ssh: handshake failed: ssh: host key mismatch: ${endpointName(endpoint)} offered ${fingerprint(encoded)}, ` +
                  `connection.hostKey is ${fingerprint(pinned.encoded)}; check that this is the right machine before changing the key`,
              ),
            );
            return false;
          },
        }),
  };
}

function pinnedKey({ hostKey }: SshEndpoint): HostKey | undefined {
  try {
    return hostKey === undefined ? undefined : parseHostKey(hostKey);
  } catch (error) {
    throw new PermanentFailure((error as Error).message);
  }
}

function checkPrivateKey({ privateKey, privateKeyPassword }: SshEndpoint): void {
  if (privateKey === undefined) return;
  const parsed = utils.parseKey(privateKey, privateKeyPassword);
  if (parsed instanceof Error) throw new PermanentFailure(`connection.privateKey can't be used: ${parsed.message}`);
}

function describe(error: Error & { level?: string }, endpoint: SshEndpoint): string {
  const network = networkFailure(error, endpoint);
  if (network !== undefined) return network;
  if (error.level === "client-authentication") {
    return `ssh: handshake failed: ssh: unable to authenticate ${endpoint.user}@${endpointName(endpoint)}, no supported methods remain`;
  }
  return `ssh: handshake failed: ${endpointName(endpoint)}: ${error.message}`;
}
