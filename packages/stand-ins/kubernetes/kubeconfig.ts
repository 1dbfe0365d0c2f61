import { existsSync } from "node:fs";
import { Agent, type RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node" with { "resolution-mode": "import" };
import type { ProviderConfig } from "./provider-config";

/** What it takes to talk to the cluster that the provider's config selects. */
export interface ClusterAccess {
  /** `https://10.0.0.1:6443`, without a trailing slash. */
  readonly server: string;
  /** Namespace of the kubeconfig's context. */
  readonly namespace: string | undefined;
  readonly agent: Agent;
  /** Headers and TLS options with fresh credentials. */
  credentials(): Promise<RequestOptions>;
}

/** Connections kept open: more only cost handshakes, which the API server signs with RSA. */
const MAX_SOCKETS = 8;

/** Loads the kubeconfig. The client library is loaded only now: most runs change nothing and never connect. */
export async function loadClusterAccess(config: ProviderConfig): Promise<ClusterAccess> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeconfig = new KubeConfig();
  load(kubeconfig, config);
  const context = kubeconfig.getContextObject(kubeconfig.getCurrentContext());
  const cluster = config.cluster === undefined ? kubeconfig.getCurrentCluster() : kubeconfig.getCluster(config.cluster);
  if (!cluster) {
    throw new Error(
      `kubernetes provider kubeconfig — no cluster is selected (context ${kubeconfig.getCurrentContext() || "none"}) — ` +
        "name one in current-context, or set the provider's context",
    );
  }

  const { ca, cert, key, pfx, passphrase, headers, auth } = await requestOptions(kubeconfig);
  const changing =
    kubeconfig.getCurrentUser()?.exec !== undefined || kubeconfig.getCurrentUser()?.authProvider !== undefined;
  return {
    server: cluster.server.replace(/\/$/, ""),
    namespace: context?.namespace,
    agent: new Agent({
      ...{ ca, cert, key, pfx, passphrase, servername: cluster.tlsServerName },
      rejectUnauthorized: !cluster.skipTLSVerify,
      keepAlive: true,
      maxSockets: MAX_SOCKETS,
    }),
    // Tokens of a command or a file expire and are read anew; certificates and plain tokens stay.
    credentials: async () => (changing ? pick(await requestOptions(kubeconfig)) : { headers, auth }),
  };
}

function load(kubeconfig: KubeConfig, { kubeconfig: given, context }: ProviderConfig): void {
  try {
    if (given === undefined) kubeconfig.loadFromDefault();
    else if (isPath(given)) kubeconfig.loadFromFile(given);
    else kubeconfig.loadFromString(given);
  } catch {
    // Not the parser's own message: it quotes lines of what it read, and there are keys in it.
    throw new Error(
      "kubernetes provider kubeconfig — can't be read — give the contents of a kubeconfig, or the path of one",
    );
  }
  if (context !== undefined) kubeconfig.setCurrentContext(context);
}

async function requestOptions(kubeconfig: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await kubeconfig.applyToHTTPSOptions(options);
  return options;
}

function pick({ headers, auth }: RequestOptions): RequestOptions {
  return { headers, auth };
}

function isPath(value: string): boolean {
  return !value.includes("\n") && !value.trimStart().startsWith("{") && existsSync(value);
}
