import { execa, type ExecaChildProcess } from "execa";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const DEBIAN = "/usr/lib/postgresql";
/** An address of this computer that nothing else uses, so that connections to the server can be told from others. */
const ADDRESS = "127.0.0.2";
const USER = "pulumi";
const PASSWORD = "a password for a test";

/** A real PostgreSQL server for one test run: data in a temporary folder, on this computer only. */
export class PostgresServer {
  private constructor(
    private readonly directory: string,
    private readonly binaries: string,
    private readonly port: number,
    private readonly server: ExecaChildProcess,
  ) {}

  /** Starts a server under the user that Debian's package makes. @throws when it does not answer within 30 s */
  static async start(): Promise<PostgresServer> {
    await installPostgres();
    const version = readdirSync(DEBIAN).sort().at(-1) ?? "";
    const binaries = join(DEBIAN, version, "bin");
    const directory = mkdtempSync(join(tmpdir(), "gitops-platform-postgres-"));
    const [uid, gid] = await Promise.all(
      ["-u", "-g"].map(async (flag) => Number((await execa("id", [flag, "postgres"])).stdout)),
    );
    chownSync(directory, uid ?? 0, gid ?? 0);
    const passwordFile = join(directory, "password");
    writeFileSync(passwordFile, PASSWORD);
    chmodSync(passwordFile, 0o644);
    // Not runuser: it stays in between, and ends without its server.
    const as = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"];
    const data = join(directory, "data");
    const init = ["--auth=scram-sha-256", `--pwfile=${passwordFile}`, `--username=${USER}`, "--no-sync", "-D", data];
    await execa("setpriv", [...as, join(binaries, "initdb"), ...init]);
    const port = await freePort();
    const options = ["-D", data, "-k", directory, "-h", ADDRESS, "-p", String(port), "-F"];
    const server = execa("setpriv", [...as, join(binaries, "postgres"), ...options], {
      reject: false,
      stdio: "ignore",
    });
    const started = new PostgresServer(directory, binaries, port, server);
    for (let tries = 0; tries < 150; tries++) {
      const { exitCode } = await execa(join(binaries, "pg_isready"), ["-h", ADDRESS, "-p", String(port)], {
        reject: false,
      });
      if (exitCode === 0) {
        await started.sql("create database state", "postgres");
        return started;
      }
      await sleep(200);
    }
    await started.stop();
    throw new Error(`PostgreSQL did not answer on ${ADDRESS}:${port} within 30 s`);
  }

  /** Without the password, which Pulumi takes from `environment`. */
  get url(): string {
    return `postgres://${USER}@${ADDRESS}:${this.port}/state?sslmode=disable`;
  }

  get environment(): Record<string, string> {
    return { PGPASSWORD: PASSWORD };
  }

  /** Runs one statement. @returns its rows, columns separated by tabs */
  async sql(statement: string, database = "state"): Promise<readonly string[]> {
    const connection = ["-h", ADDRESS, "-p", String(this.port), "-U", USER, "-d", database];
    const { stdout } = await execa(join(this.binaries, "psql"), [...connection, "-AtF\t", "-c", statement], {
      env: this.environment,
    });
    return stdout.split("\n").filter(Boolean);
  }

  async stop(): Promise<void> {
    // Closes its connections and ends.
    this.server.kill("SIGINT");
    await this.server;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function installPostgres(): Promise<void> {
  if (existsSync(DEBIAN)) return;
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, stdio: ["ignore", "ignore", "inherit"] } as const;
  await execa("apt-get", ["update", "-qq"], options);
  await execa("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "postgresql"], options);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
