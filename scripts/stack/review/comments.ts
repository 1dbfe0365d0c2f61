/** A comment on a merge request. */
export interface Comment {
  readonly id: number;
  readonly body: string;
  /** Who wrote it, as the forge tells accounts apart. */
  readonly author: string;
}

/** Where a merge request's comments are. */
export interface CommentApi {
  /** Who writes with this token. */
  self(): Promise<string>;
  /** One page of comments, oldest first, from 1 on; an empty one is the end. */
  list(page: number): Promise<readonly Comment[]>;
  create(body: string): Promise<void>;
  replace(id: number, body: string): Promise<void>;
}

/** More pages than any merge request has. */
const MAX_PAGES = 100;

/**
 * Writes a comment, in place of our own one with the same mark where there is one: a merge request has one comment a
 * stack, and it is about the newest commit. Whatever somebody else wrote stays, mark or not.
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

/** One request to a forge's API. The token travels in a header: no argument list and no message has it. */
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
