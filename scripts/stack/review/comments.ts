/** A comment on a merge request. */
export interface Comment {
  readonly id: number;
  readonly body: string;
  /** The account that wrote it, by the identifier of the forge. */
  readonly author: string;
}

/** The comments of one merge request. */
export interface CommentApi {
  /** The account of the token. */
  self(): Promise<string>;
  /** A page of comments, oldest first, counted from 1. An empty page is the end. */
  list(page: number): Promise<readonly Comment[]>;
  create(body: string): Promise<void>;
  replace(id: number, body: string): Promise<void>;
}

/** A bound that no merge request reaches. */
const MAX_PAGES = 100;

/**
 * Replaces the token's own comment with the same mark, or creates one. So a merge request has one comment a stack, for its
 * newest commit. Comments of other accounts stay, even with the mark.
 */
export async function upsertComment(api: CommentApi, mark: string, body: string): Promise<"created" | "updated"> {
  const self = await api.self();
  for (let page = 1; page <= MAX_PAGES; page++) {
    const comments = await api.list(page);
    const own = comments.find(({ author, body }) => author === self && body.startsWith(mark));
    if (own) {
      await api.replace(own.id, body);
      return "updated";
    }
    if (comments.length === 0) break;
  }
  await api.create(body);
  return "created";
}

/** Sends one request to a forge's API. The token travels in a header, so that no argument list and no message has it. */
export async function callApi(
  service: string,
  method: "GET" | "POST" | "PUT" | "PATCH",
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: object,
): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body ? { "content-type": "application/json" } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(30_000),
  }).catch((error: unknown) => {
    const { message, cause } = error as Error & { cause?: Error };
    throw new Error(`${service} — ${method} ${url}: ${cause?.message ?? message}; is the runner allowed to reach it?`);
  });
  const text = await response.text();
  if (!response.ok) {
    const hint =
      response.status === 401 || response.status === 403 ? "; may the token write comments? (docs/guides/ci.md)" : "";
    throw new Error(`${service} — ${method} ${url} answers ${response.status} ${text.slice(0, 200)}${hint}`);
  }
  return text === "" ? undefined : JSON.parse(text);
}
