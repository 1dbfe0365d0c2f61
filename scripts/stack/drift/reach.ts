import type { Client } from "ssh2";
import { login, tunnel } from "@gitops-platform/ssh/client";
import { endpointName, type SshEndpoint } from "@gitops-platform/ssh/settings";
import type { Endpoint, NodeConnection } from "./expected";

/** A machine may take that long to answer. */
const DIAL_SECONDS = 15;

interface Bastion {
  readonly client: Promise<Client>;
  /** Machines that are reached through it just now. */
  users: number;
}

/**
 * Logins to bastions, by what they are made with. All machines behind one share it: they are looked at together, and an
 * sshd hangs up on more than ten clients at a time that are still logging in.
 */
const bastions = new Map<string, Bastion>();

/**
 * Logs in to a machine with the host key of the state, through its bastion when it has one, and logs out after the work.
 * Nothing is tried again, as an update would: who asks for drift wants to know that a machine is away.
 *
 * @param dialSeconds how long the machine may take to answer, and its bastion before it. @default 15
 * @throws a sentence that says which of the two it was
 */
export async function reach<T>(
  { proxy, ...node }: NodeConnection,
  work: (client: Client) => Promise<T>,
  dialSeconds = DIAL_SECONDS,
): Promise<T> {
  const target = settingsOf(node, dialSeconds);
  if (!proxy) return loggedIn(await login(target), work);
  const { client, leave } = enter(settingsOf(proxy, dialSeconds));
  try {
    const through = await client.catch((error: unknown) => {
      throw new Error(`its bastion: ${error instanceof Error ? error.message : String(error)}`);
    });
    return await loggedIn(await within(target, proxy, async () => login(target, await tunnel(through, target))), work);
  } finally {
    leave();
  }
}

async function loggedIn<T>(client: Client, work: (client: Client) => Promise<T>): Promise<T> {
  try {
    return await work(client);
  } finally {
    client.end();
  }
}

function settingsOf(endpoint: Endpoint, dialSeconds: number): SshEndpoint {
  const settings = { ...endpoint, dialErrorLimit: 0, perDialTimeout: dialSeconds };
  if (settings.hostKey) return settings;
  throw new Error(`the state has no host key for ${endpointName(settings)}, and an unverified connection is not made`);
}

/** Uses the login to a bastion, or makes it. */
function enter(bastion: SshEndpoint): { readonly client: Promise<Client>; readonly leave: () => void } {
  const key = JSON.stringify(bastion);
  const shared = bastions.get(key) ?? { client: login(bastion), users: 0 };
  bastions.set(key, shared);
  shared.users++;
  const leave = (): void => {
    if (--shared.users > 0) return;
    bastions.delete(key);
    // A login that failed has been told to whoever waited for it.
    void shared.client.then((client) => client.end()).catch(() => undefined);
  };
  return { client: shared.client, leave };
}

/** A bastion waits for a dead machine for as long as its kernel does, two minutes: this does not. */
async function within<T>(to: SshEndpoint, through: Endpoint, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    const text = `dial tcp ${endpointName(to)} through ${through.host}: i/o timeout`;
    timer = setTimeout(() => reject(new Error(text)), to.perDialTimeout * 1000);
  });
  try {
    return await Promise.race([work(), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
