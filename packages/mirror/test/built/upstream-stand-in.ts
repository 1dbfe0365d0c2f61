import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A web server that plays upstream's release servers: files by host and path below one directory. */
export class FileServer {
  /** Paths that were asked for, with the byte they began at. */
  readonly requests: string[] = [];
  /** Ends the next answer after this many bytes, as a broken connection would. */
  breakAfter: number | undefined;
  private server: Server | undefined;

  constructor(private readonly root: string) {}

  /** Starts to listen and returns the base URL. */
  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://upstream").pathname;
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      this.requests.push(`${path} ${from}`);
      const file = join(this.root, path);
      if (!existsSync(file)) {
        response.writeHead(404).end();
        return;
      }
      const content = readFileSync(file);
      if (from >= content.length && from > 0) {
        response.writeHead(416).end();
        return;
      }
      const range = { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
      response.writeHead(from > 0 ? 206 : 200, { "content-length": content.length - from, ...(from > 0 ? range : {}) });
      if (this.breakAfter === undefined) {
        response.end(content.subarray(from));
        return;
      }
      response.write(content.subarray(from, from + this.breakAfter), () => request.socket.destroy());
      this.breakAfter = undefined;
    }).listen(0, "127.0.0.1");
    await once(this.server, "listening");
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
    return `http://127.0.0.1:${address.port}`;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}
