import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface Note {
  readonly id: number;
  body: string;
  /** @default the token's own account */
  readonly author?: { readonly id: number };
}

/** The account that the token belongs to. */
const OWN = { id: 71 };

/** Plays the part of GitLab's API that a merge request's comments are: list, create, replace; a token is needed. */
export class GitlabApi {
  readonly notes: Note[] = [];
  /** What was asked for, `POST /api/v4/…`, in order. */
  readonly requests: string[] = [];

  private constructor(
    private readonly server: Server,
    private readonly token: string,
  ) {}

  static async start(token: string): Promise<GitlabApi> {
    const server = createServer();
    const api = new GitlabApi(server, token);
    server.on("request", (request, response) => {
      void api.answer(request).then(([status, body]) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api/v4`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage): Promise<[number, unknown]> {
    const { pathname, searchParams } = new URL(request.url ?? "", this.url);
    this.requests.push(`${request.method ?? ""} ${pathname}`);
    if (request.headers["private-token"] !== this.token) return [401, { message: "401 Unauthorized" }];
    if (pathname === "/api/v4/user") return [200, { ...OWN, username: "project_42_bot" }];
    const match = /^\/api\/v4\/projects\/42\/merge_requests\/7\/notes(?:\/(\d+))?$/.exec(pathname);
    if (!match) return [404, { message: "404 Not found" }];
    const page = Number(searchParams.get("page") ?? 1);
    const perPage = Number(searchParams.get("per_page") ?? 20);
    const shown = this.notes.slice((page - 1) * perPage, page * perPage);
    if (request.method === "GET") return [200, shown.map((note) => ({ author: OWN, ...note }))];
    const { body } = JSON.parse(await text(request)) as { body: string };
    if (request.method === "POST") {
      this.notes.push({ id: this.notes.length + 1, body });
      return [201, this.notes.at(-1)];
    }
    const note = this.notes.find(({ id }) => id === Number(match[1]));
    if (request.method !== "PUT" || !note) return [404, { message: "404 Not found" }];
    note.body = body;
    return [200, note];
  }
}
