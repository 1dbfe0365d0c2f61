import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FileArtifact } from "../../components/artifacts/artifact";
import { run } from "../build/command";
import { MirrorError } from "../build/failure";
import { fileSha256 } from "../build/layer";

export interface DownloadArgs {
  /** Base URL below which files lie by upstream host and path; upstream itself when it isn't given. */
  readonly baseUrl?: string;
  /** Directory of verified downloads, by checksum. */
  readonly store: string;
  readonly log: string;
}

/**
 * Downloads a file unless its content is already there, and returns where it lies.
 * An interrupted download goes on where it stopped.
 *
 * @throws MirrorError when the server fails, or when the content isn't what the list says: then nothing of it is kept.
 */
export async function download(file: FileArtifact, args: DownloadArgs): Promise<string> {
  const target = join(args.store, file.sha256);
  if (existsSync(target)) return target;
  await mkdir(args.store, { recursive: true });
  const part = `${target}.part`;
  const url = args.baseUrl ? `${args.baseUrl.replace(/\/$/, "")}/${file.path}` : `https://${file.path}`;
  // A part that is whole already, or was left by another version of the server, can't be continued.
  if (!(await isWhole(part, file.sha256))) {
    await fetchTo(part, url, file.name, args.log).catch(async (cause: unknown) => {
      if (!existsSync(part) || !/\b(416|33)\b/.test(String(cause))) throw cause;
      await rm(part);
      await fetchTo(part, url, file.name, args.log);
    });
  }
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

async function fetchTo(part: string, url: string, name: string, log: string): Promise<void> {
  const flags = ["--fail", "--silent", "--show-error", "--location", "--retry", "3", "--continue-at", "-"];
  await run("curl", [...flags, "--output", part, url], { label: `${name}: download of ${url}`, log });
}
