import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Artifact, ArtifactList } from "../artifact";
import { MirrorError } from "../units/failure";

/** The `origin` of a list, by source. */
export const ORIGINS = { modules: "mirror built from modules", upstream: "copied from upstream" } as const;

/** Reads a list of artifacts. @returns undefined where there is none yet */
export function readArtifacts(file: string): ArtifactList | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ArtifactList;
  } catch (cause) {
    throw new MirrorError(`${file} — is not JSON (${String(cause)}) — delete it and run npm run mirror again`, {
      cause,
    });
  }
}

/** Writes JSON whole or not at all. @returns whether the file's content changed */
export async function writeJson(file: string, value: unknown): Promise<boolean> {
  const text = JSON.stringify(value, undefined, 2) + "\n";
  if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
  return true;
}

/** The checksum or digest that a machine verifies an artifact by. */
export function checksum(artifact: Artifact): string {
  return artifact.kind === "file" ? `sha256:${artifact.sha256}` : artifact.digest;
}

/** The list as a table for people: name, version, kind, checksum, path. */
export function artifactTable(list: ArtifactList): string {
  const rows = list.artifacts.map((artifact) => [
    artifact.name,
    artifact.version,
    artifact.kind,
    checksum(artifact),
    artifact.path,
  ]);
  const all = [["NAME", "VERSION", "KIND", "CHECKSUM", "PATH"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
