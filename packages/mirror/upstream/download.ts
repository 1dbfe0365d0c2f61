import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FileArtifact } from "../artifact";
import { run } from "../units/command";
import { MirrorError } from "../units/failure";
import { fileSha256 } from "../units/layer";

const ATTEMPTS = 5;
/** curl's exit codes for a connection that ended too early or went silent. */
const BROKEN_OFF = [18, 28, 55, 56, 92];
/** curl's exit codes for a server that doesn't continue: the part is longer than the file, or ranges are unknown. */
const UNCONTINUABLE = [22, 33];

export interface DownloadArgs {
  /** Base URL below which files lie by upstream host and path; upstream itself when it isn't given. */
  readonly baseUrl?: string;
  /** Directory of verified downloads, by checksum. */
  readonly store: string;
  readonly log: string;
}

/**
 * Downloads a file unless the store has its content. An interrupted download continues where it stopped.
 *
 * @returns the file's path in the store
 *
 * @throws MirrorError when the server fails, or when the checksum is wrong: nothing of the file is kept then
 */
export async function download(file: FileArtifact, args: DownloadArgs): Promise<string> {
  const target = join(args.store, file.sha256);
  if (existsSync(target)) return target;
  await mkdir(args.store, { recursive: true });
  const part = `${target}.part`;
  const url = args.baseUrl ? `${args.baseUrl.replace(/\/$/, "")}/${file.path}` : `https://${file.path}`;
  if (!(await isWhole(part, file.sha256))) await fetchWhole(part, url, file.name, args.log);
  const got = await fileSha256(part);
  if (got !== file.sha256) {
    await rm(part);
    throw new MirrorError(
      `${file.name} ${file.version} — wrong checksum from ${url} (got sha256 ${got}, need ${file.sha256}) — ` +
        "nothing of it was kept; find out whether the server or the list is wrong before you change the list",
    );
  }
  await rename(part, target);
  return target;
}

async function isWhole(part: string, sha256: string): Promise<boolean> {
  return existsSync(part) && (await fileSha256(part)) === sha256;
}

/**
 * Fetches the missing part of a file. curl's own retries begin again at the first byte, so broken connections are
 * continued here.
 */
async function fetchWhole(part: string, url: string, name: string, log: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const flags = ["--fail", "--silent", "--show-error", "--location", "--retry", "3", "--continue-at", "-"];
      await run("curl", [...flags, "--output", part, url], { label: `${name}: download of ${url}`, log });
      return;
    } catch (cause) {
      const code = Number(/\(exit (\d+)\)/.exec(String(cause))?.[1]);
      if (attempt === ATTEMPTS || !existsSync(part)) throw cause;
      if (UNCONTINUABLE.includes(code)) await rm(part);
      else if (!BROKEN_OFF.includes(code)) throw cause;
    }
  }
}
