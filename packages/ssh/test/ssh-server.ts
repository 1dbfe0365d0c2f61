import { connect } from "node:net";
import { Server, type Connection, utils } from "ssh2";

export interface Key {
  /** OpenSSH format, for a server or a client. */
  readonly private: string;
  /** authorized_keys form. */
  readonly public: string;
}

/** A fresh key pair. ssh2 writes about one in 200 of them in a form that it can't read (seen: 10 of 2000). */
export function makeKey(): Key {
  for (;;) {
    const key = utils.generateKeyPairSync("ed25519", { comment: "a comment" });
    if (!(utils.parseKey(key.private) instanceof Error)) return key;
  }
}

/** What a command sees of the server, and how it answers. */
export interface Session {
  readonly command: string;
  readonly stdin: string;
  readonly env: Readonly<Record<string, string>>;
  readonly print: (stream: "stdout" | "stderr", text: string) => void;
  readonly exit: (status: number) => void;
  die(signal: string): void;
  /** Drops the TCP connection. */
  hangUp(): void;
}

/** An SSH server on a free local port that hands every command to `run`; also a bastion. */
export class TestSshServer {
  /** Logins so far. */
  logins = 0;
  port = 0;
  private readonly connections = new Set<Connection>();
  private readonly server: Server;

  constructor(
    hostKey: Key,
    private readonly accepts: { readonly password?: string; readonly publicKey?: Key },
    run: (session: Session) => void,
  ) {
    this.server = new Server({ hostKeys: [hostKey.private] }, (connection) => this.serve(connection, run));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as { port: number }).port;
    return this;
  }

  stop(): void {
    this.hangUpAll();
    this.server.close();
  }

  /** Drops every connection, as a reboot would. */
  hangUpAll(): void {
    for (const connection of this.connections) connection.end();
  }

  private serve(connection: Connection, run: (session: Session) => void): void {
    this.connections.add(connection);
    connection.on("error", () => undefined);
    connection.on("close", () => this.connections.delete(connection));
    connection.on("authentication", (attempt) => {
      const { password, publicKey } = this.accepts;
      if (attempt.method === "password" && attempt.password === password) attempt.accept();
      else if (attempt.method === "publickey" && publicKey?.public.includes(attempt.key.data.toString("base64")))
        attempt.accept();
      else attempt.reject(["password", "publickey"]);
    });
    connection.on("ready", () => this.logins++);
    connection.on("tcpip", (accept, _reject, { destIP, destPort }) => {
      const outside = connect(destPort, destIP, () => {
        const channel = accept();
        outside.pipe(channel).pipe(outside);
      });
      outside.on("error", () => undefined);
    });
    connection.on("session", (acceptSession) => {
      const env: Record<string, string> = {};
      const session = acceptSession();
      session.on("env", (_accept, _reject, { key, val }) => (env[key] = val));
      session.on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec();
        let stdin = "";
        channel.on("data", (chunk: Buffer) => (stdin += chunk.toString()));
        channel.on("end", () =>
          run({
            command,
            env,
            stdin,
            print: (stream, text) => (stream === "stdout" ? channel : channel.stderr).write(text),
            exit: (status) => {
              channel.exit(status);
              channel.end();
            },
            die: (signal) => {
              channel.exit(signal);
              channel.end();
            },
            hangUp: () => connection.end(),
          }),
        );
      });
    });
  }
}
