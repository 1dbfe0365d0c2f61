import { createServer, type Server, type Socket } from "node:net";

/** Takes TCP connections and sends nothing, like a computer whose kernel lives on alone. */
export class SilentServer {
  port = 0;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer((socket) => {
    this.sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => this.sockets.delete(socket));
    // Without a reader the end of a connection goes unnoticed.
    socket.resume();
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as { port: number }).port;
    return this;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.sockets.size;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
