import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Artifact, ArtifactList, ImageArtifact } from "../artifact";
import { readArtifacts, writeJson } from "../publish/artifacts-file";
import { MirrorError } from "../units/failure";

/** An upstream image that nobody has pinned yet. */
export type UpstreamImage = Omit<ImageArtifact, "kind" | "digest">;

/** The committed list of upstream artifacts. */
export const UPSTREAM_LIST = join(__dirname, "..", "..", "..", "airgap", "upstream.json");

/** The file beside a list that names the images without a digest: `upstream.json` → `upstream.unpinned.json`. */
function unpinnedFile(list: string): string {
  return list.replace(/\.json$/, ".unpinned.json");
}

/** Both halves of an upstream list. */
export function readUpstreamLists(file: string): { list: ArtifactList; unpinned: UpstreamImage[] } {
  const list = readArtifacts(file);
  if (!list)
    throw new MirrorError(`${file} — does not exist — name the list of upstream artifacts with --upstream-list`);
  const unpinned = JSON.parse(readFileSync(unpinnedFile(file), "utf8")) as UpstreamImage[];
  return { list, unpinned };
}

/** Moves images that now have a digest from the unpinned half of a list to the pinned one. */
export async function pinImages(file: string, copied: readonly Artifact[]): Promise<void> {
  const { list, unpinned } = readUpstreamLists(file);
  const paths = new Set(unpinned.map(({ path }) => path));
  const pinned = copied.filter((artifact) => artifact.kind === "image" && paths.has(artifact.path));
  await writeJson(file, { ...list, artifacts: [...list.artifacts, ...pinned] });
  await writeJson(unpinnedFile(file), []);
}
