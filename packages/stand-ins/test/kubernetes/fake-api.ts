import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonObject } from "../../protocol/property-value";

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly body: JsonObject | JsonObject[] | undefined;
}

export interface Answer {
  readonly status?: number;
  readonly body: JsonObject;
}

/** An API server of a few answers: `answer` is asked for every request, and every request is kept in `seen`. */
export class FakeApi {
  readonly seen: Seen[] = [];
  private constructor(private readonly server: Server) {}

  static async start(answer: (request: Seen) => Answer | undefined): Promise<FakeApi> {
    const server = createServer((incoming, outgoing) => {
      void read(incoming).then((request) => {
        api.seen.push(request);
        const { status = 200, body } =
          discovery(request) ?? answer(request) ?? failure(404, "NotFound", `${request.path} not found`);
        outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
    const api = new FakeApi(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get kubeconfig(): string {
    const { port } = this.server.address() as AddressInfo;
    return kubeconfigFor(`http://127.0.0.1:${port}`);
  }

  /** Requests that change something. */
  get writes(): Seen[] {
    return this.seen.filter(({ method }) => method !== "GET");
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}

/** A Status as the API server sends it. */
export function failure(code: number, reason: string, message: string, details: JsonObject = {}): Answer {
  return { status: code, body: { kind: "Status", status: "Failure", code, reason, message, details } };
}

const KINDS: Record<string, JsonObject[]> = {
  "/api/v1": [
    kind("configmaps", "ConfigMap", true),
    kind("secrets", "Secret", true),
    kind("namespaces", "Namespace", false),
    kind("pods", "Pod", true),
    kind("services", "Service", true),
    kind("endpoints", "Endpoints", true),
  ],
  "/apis/apps/v1": [kind("deployments", "Deployment", true), kind("deployments/status", "Deployment", true)],
  "/apis/apiextensions.k8s.io/v1": [kind("customresourcedefinitions", "CustomResourceDefinition", false)],
};

function discovery({ method, path }: Seen): Answer | undefined {
  if (path === "/version") return { body: { gitVersion: "v1.27.4" } };
  const resources = KINDS[path];
  return method === "GET" && resources ? { body: { kind: "APIResourceList", resources } } : undefined;
}

function kind(name: string, kind: string, namespaced: boolean): JsonObject {
  return { name, kind, namespaced };
}

async function read(incoming: IncomingMessage): Promise<Seen> {
  const url = new URL(incoming.url ?? "/", "http://localhost");
  let raw = "";
  for await (const chunk of incoming) raw += String(chunk);
  return {
    method: incoming.method ?? "",
    path: url.pathname,
    query: url.searchParams,
    contentType: incoming.headers["content-type"],
    body: raw === "" ? undefined : (JSON.parse(raw) as JsonObject),
  };
}
