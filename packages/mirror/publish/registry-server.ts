import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bound } from "../units/command";
import { MirrorError } from "../units/failure";

/** Longest time from the registry's start to its first answer, in milliseconds. */
const START_LIMIT_MS = 15_000;

export interface RegistryServer {
  /** `127.0.0.1:34567`. */
  readonly address: string;
  stop(): Promise<void>;
}

/** A TCP port that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
  return address.port;
}

/**
 * Serves a registry storage on a loopback port of its own, while images are written to it.
 *
 * @param program The distribution registry.
 * @param storage Its storage directory; made if it is missing.
 * @param logDirectory Directory for its configuration and log.
 * @throws MirrorError when it doesn't answer in time.
 */
export async function startRegistry(program: string, storage: string, logDirectory: string): Promise<RegistryServer> {
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(logDirectory, "registry.yml");
  const log = join(logDirectory, "registry.log");
  await mkdir(storage, { recursive: true });
  const settings = {
    version: 0.1,
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: storage } },
    http: { addr: address },
  };
  await writeFile(config, JSON.stringify(settings)); // JSON is YAML too
  const output = openSync(log, "w");
  const child = spawn(...bound(program, ["serve", config]), {
    env: { ...process.env, OTEL_TRACES_EXPORTER: "none" }, // by default it looks for a collector
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const exited = once(child, "exit");
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await answers(address))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new MirrorError(
        `registry — does not answer on ${address} (exit ${child.exitCode ?? "none yet"}) — see ${log}`,
      );
    }
    await sleep(50);
  }
  return {
    address,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/v2/`)).ok;
  } catch {
    return false; // not listening yet
  }
}
