import { type IncomingMessage, request } from "node:http";
import { request as secureRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "../protocol/property-value";
import { ApiError, ConnectionError } from "./api-error";
import type { ClusterAccess } from "./kubeconfig";

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `/api/v1/namespaces` */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: JsonObject | JsonObject[];
  /** @default application/json */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** How long to repeat after transient failures, in seconds. @default 30 */
  readonly retrySeconds?: number;
  /** How long to wait for an answer, in seconds. @default 60 */
  readonly timeoutSeconds?: number;
}

const DEFAULT_RETRY_SECONDS = 30;
const DEFAULT_TIMEOUT_SECONDS = 60;
const RETRY_PAUSE_MS = 1000;
/** How long a server that doesn't even refuse is listened for. */
const PROBE_TIMEOUT_SECONDS = 3;
const PROBE_MEMORY_MS = 10_000;

/** HTTP to one API server: connections are kept, transient failures are repeated, errors are typed. */
export class ClusterConnection {
  private access: Promise<ClusterAccess> | undefined;
  private probe: { readonly answer: Promise<boolean>; readonly until: number } | undefined;

  constructor(private readonly load: () => Promise<ClusterAccess>) {}

  /** Namespace of the kubeconfig's context, `default` when it names none. */
  async contextNamespace(): Promise<string> {
    return (await this.accessOnce()).namespace ?? "default";
  }

  /**
   * Whether the API server answers, for operations that have a choice. Calls at about the same time share one answer.
   * @param waitSeconds how long to give a server that refuses connections. @default 0
   */
  reachable(waitSeconds = 0): Promise<boolean> {
    if (this.probe === undefined || Date.now() > this.probe.until) {
      this.probe = { answer: this.ask(waitSeconds), until: Date.now() + waitSeconds * 1000 + PROBE_MEMORY_MS };
    }
    return this.probe.answer;
  }

  private async ask(retrySeconds: number): Promise<boolean> {
    try {
      await this.send({ method: "GET", path: "/version", retrySeconds, timeoutSeconds: PROBE_TIMEOUT_SECONDS });
      return true;
    } catch (error) {
      if (error instanceof ConnectionError) return false;
      if (error instanceof ApiError) return !error.transient;
      throw error;
    }
  }

  /** Sends a request and returns the answer's body. Throws ApiError or ConnectionError. */
  async send(ask: ApiRequest): Promise<JsonObject> {
    const access = await this.accessOnce();
    const deadline = Date.now() + (ask.retrySeconds ?? DEFAULT_RETRY_SECONDS) * 1000;
    for (;;) {
      try {
        return await this.sendOnce(access, ask);
      } catch (error) {
        if (!mayRepeat(error, ask) || Date.now() + RETRY_PAUSE_MS > deadline) throw error;
        await sleep(RETRY_PAUSE_MS, undefined, { signal: ask.signal });
      }
    }
  }

  private accessOnce(): Promise<ClusterAccess> {
    this.access ??= this.load();
    return this.access;
  }

  private async sendOnce(access: ClusterAccess, ask: ApiRequest): Promise<JsonObject> {
    const body = ask.body === undefined ? undefined : Buffer.from(JSON.stringify(ask.body));
    const response = await this.exchange(access, ask, body);
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Uint8Array);
    } catch (error) {
      throw connectionError(access.server, error);
    }
    const raw = Buffer.concat(chunks).toString("utf8");
    const parsed = parseBody(raw);
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299 || parsed === undefined) throw ApiError.of(status, parsed, raw);
    return parsed;
  }

  private async exchange(access: ClusterAccess, ask: ApiRequest, body: Buffer | undefined): Promise<IncomingMessage> {
    const url = new URL(access.server + ask.path);
    for (const [key, value] of Object.entries(ask.query ?? {})) url.searchParams.set(key, value);
    const credentials = await access.credentials();
    const secure = url.protocol === "https:";
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? secureRequest : request)(
        url,
        {
          ...credentials,
          method: ask.method,
          agent: secure ? access.agent : undefined,
          signal: ask.signal,
          timeout: (ask.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
          headers: {
            ...(credentials.headers as Record<string, string> | undefined),
            accept: "application/json",
            "user-agent": "pulumi-kubernetes-stand-in",
            ...(body && { "content-type": ask.contentType ?? "application/json", "content-length": body.length }),
          },
        },
        resolve,
      );
      outgoing.on("timeout", () =>
        outgoing.destroy(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })),
      );
      // An idle connection that the server closed meanwhile: nothing was processed, so the request can be sent again.
      outgoing.on("error", (error: NodeJS.ErrnoException) =>
        reject(
          ask.signal?.aborted
            ? error
            : connectionError(access.server, error, outgoing.reusedSocket && error.code === "ECONNRESET"),
        ),
      );
      outgoing.end(body);
    });
  }
}

function mayRepeat(error: unknown, { method, signal }: ApiRequest): boolean {
  if (signal?.aborted) return false;
  if (error instanceof ApiError) return error.transient;
  return error instanceof ConnectionError && (error.neverSent || method !== "POST");
}

function connectionError(server: string, error: unknown, stale = false): ConnectionError {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const detail = code === "" ? String(error) : code;
  return new ConnectionError(server, stale ? "ECONNREFUSED" : code, detail);
}

function parseBody(raw: string): JsonObject | undefined {
  try {
    return JSON.parse(raw) as JsonObject;
  } catch {
    return undefined; // some errors come as plain text, and a proxy's as HTML
  }
}
