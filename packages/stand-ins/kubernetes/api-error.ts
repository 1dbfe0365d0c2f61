import type { JsonObject } from "../protocol/property-value";
import { list, text } from "./kube-object";

/** An answer of the API server that is no success. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** The machine-readable reason, `AlreadyExists`. */
    readonly reason: string,
    message: string,
    readonly body: JsonObject | undefined,
  ) {
    super(message);
  }

  static of(status: number, body: JsonObject | undefined, raw: string): ApiError {
    const message = text(body, "message") ?? (raw.trim().slice(0, 500) || `the API server answered ${status}`);
    return new ApiError(status, text(body, "reason") ?? "", message, body);
  }

  get notFound(): boolean {
    return this.status === 404;
  }

  get alreadyExists(): boolean {
    return this.reason === "AlreadyExists";
  }

  get forbidden(): boolean {
    return this.status === 403;
  }

  get conflict(): boolean {
    return this.status === 409 && !this.alreadyExists;
  }

  /** A 404 that is about the namespace an object should go to. */
  get namespaceNotFound(): boolean {
    return this.notFound && text(this.body, "details", "kind") === "namespaces";
  }

  /** Worth another try: the server is starting, overloaded, or waits for a webhook or its storage. */
  get transient(): boolean {
    if (this.status === 429 || this.status === 503 || this.status === 504) return true;
    return (
      this.status === 500 &&
      /failed calling webhook|etcdserver|leader changed|context deadline exceeded/.test(this.message)
    );
  }

  /** The fields that another manager owns, in a server-side apply conflict. */
  get conflictingFields(): string[] {
    return list(this.body, "details", "causes").flatMap((cause) => text(cause, "field") ?? []);
  }
}

/** No answer at all: the server can't be reached, or the connection broke. */
export class ConnectionError extends Error {
  constructor(
    server: string,
    readonly code: string,
    detail: string,
  ) {
    super(
      `cluster ${server} — cannot be reached (${detail}) — check that its API server runs and that the kubeconfig is current`,
    );
  }

  /** The request never arrived, so that even a create can be sent again. */
  get neverSent(): boolean {
    return ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"].includes(this.code);
  }
}

/** The cluster doesn't know the kind: usually its custom resource definition isn't there, or not yet. */
export class UnknownKindError extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`no matches for kind "${kind}" in version "${apiVersion}" — create its custom resource definition first`);
  }
}

/** A server-side apply conflict with the way out of it; any other error as it is. */
export function explainConflict(error: unknown): unknown {
  if (!(error instanceof ApiError) || !error.conflict) return error;
  const fields = error.conflictingFields.join(", ") || "the same fields";
  return new Error(
    `${error.message} — someone else manages ${fields} — ` +
      'leave them out, or take them over with the annotation pulumi.com/patchForce: "true"',
  );
}
