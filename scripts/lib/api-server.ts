import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { SeenCertificates } from "../../components/kubernetes/certificates";
import { STACK, TOKENS } from "../../components/tokens";
import type { StateResource } from "./stack-state";

/** A cluster's API server, as its component in a stack's state names it. */
export interface ApiServer {
  /** `https://10.78.0.11:6443` */
  readonly endpoint: string;
  /** PEM. */
  readonly caCertificate: string;
  /** When the first of the cluster's certificates ends, as the last update saw it. */
  readonly notAfter?: string;
}

/** The API server of the cluster in a state; none before its first control plane is up. */
export function apiServerIn(resources: readonly Pick<StateResource, "type" | "outputs">[]): ApiServer | undefined {
  const { endpoint, caCertificate } = resources.find(({ type }) => type === TOKENS.kubernetesCluster)?.outputs ?? {};
  if (typeof endpoint !== "string" || typeof caCertificate !== "string") return undefined;
  const stack = resources.find(({ type }) => type === STACK)?.outputs?.["certificates"] as SeenCertificates | undefined;
  return { endpoint, caCertificate, ...(stack?.notAfter ? { notAfter: stack.notAfter } : {}) };
}

export interface ApiWait {
  readonly seconds: number;
  /** Takes one line when the server does not answer at once, and one when the wait ends. */
  readonly report: (line: string) => void;
  /** Between two requests. @default 1000 */
  readonly intervalMs?: number;
}

/**
 * Waits until an API server is ready. The official kubernetes plugin reads the API's schema once, when it starts, and
 * without it every create and update of the run fails: so a server that is starting is waited for before Pulumi is run.
 *
 * A server that stays away is no error: the update may be what repairs it.
 *
 * @returns whether it is ready
 */
export async function waitForApi(server: ApiServer, wait: ApiWait): Promise<boolean> {
  const { intervalMs = 1000, report, seconds } = wait;
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 1000;
  let obstacle = await obstacleOf(server);
  if (obstacle === undefined) return true;
  if (obstacle === EXPIRED || Date.parse(server.notAfter ?? "") <= Date.now()) {
    report(`the API server ${server.endpoint} does not serve: ${EXPIRED}; the update renews it over SSH`);
    return false;
  }
  report(`waiting for the API server ${server.endpoint}, ${seconds} s at most: ${obstacle}`);
  while (elapsed() < seconds) {
    await sleep(intervalMs);
    obstacle = await obstacleOf(server);
    if (obstacle !== undefined) continue;
    report(`the API server is ready after ${elapsed().toFixed(0)} s`);
    return true;
  }
  report(
    `the API server ${server.endpoint} is not ready after ${seconds} s (${obstacle}); going on without it: what is in the ` +
      "cluster may fail, machines and nodes can still be repaired",
  );
  return false;
}

const REQUEST_MS = 5000;

/** Node's own words. */
const EXPIRED = "certificate has expired";

/** Why a server is not ready. */
function obstacleOf({ caCertificate, endpoint }: ApiServer): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request(new URL("/readyz", endpoint), { ca: caCertificate, agent: false }, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      // 401 and 403 come from a living server that does not let everybody ask.
      const answers = status === 200 || status === 401 || status === 403;
      resolve(answers ? undefined : `/readyz answers ${status}`);
    });
    const timer = setTimeout(() => asked.destroy(new Error(`no answer within ${REQUEST_MS / 1000} s`)), REQUEST_MS);
    asked.once("close", () => clearTimeout(timer));
    asked.once("error", (error: NodeJS.ErrnoException) => resolve(error.message || (error.code ?? "no connection")));
    asked.end();
  });
}
