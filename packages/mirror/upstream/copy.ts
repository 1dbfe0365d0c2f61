import { join } from "node:path";
import type { Artifact, ArtifactList, FileArtifact, ImageArtifact } from "../artifact";
import { MirrorError } from "../units/failure";
import { checksum } from "../publish/artifacts-file";
import type { ImageWriter } from "../publish/image-writer";
import { publishFile, splitReference, type MirrorLayout } from "../publish/layout";
import type { Published } from "../publish/modules";
import { download, type DownloadArgs } from "./download";
import type { UpstreamImage } from "./lists";

export interface CopyArgs {
  readonly list: ArtifactList;
  /** Images without a digest: their tags are resolved, and the digests recorded. */
  readonly unpinned: readonly UpstreamImage[];
  /** The artifacts that the last run recorded; a digest in it stays until {@link resolveAgain}. */
  readonly recorded: ArtifactList | undefined;
  readonly resolveAgain: boolean;
  readonly downloads: DownloadArgs;
  /** Registry that has upstream's images under `<upstream host>/<repository>`; upstream itself when it isn't given. */
  readonly registry?: string;
  readonly note: (text: string) => void;
}

/** Copies everything in the lists into the mirror, except what it has already. */
export async function copyUpstream(args: CopyArgs, layout: MirrorLayout, writer: ImageWriter): Promise<Published> {
  const artifacts: Artifact[] = [];
  let changed = false;
  for (const artifact of args.list.artifacts) {
    const copied =
      artifact.kind === "file"
        ? await copyFile(artifact, args, layout)
        : await copyImage(artifact, args, layout, writer);
    changed = copied || changed;
    artifacts.push(artifact);
  }
  for (const image of args.unpinned) {
    const artifact: ImageArtifact = { kind: "image", ...image, digest: await digestOf(image, args, writer) };
    changed = (await copyImage(artifact, args, layout, writer)) || changed;
    artifacts.push(artifact);
  }
  return { artifacts, changed };
}

async function copyFile(file: FileArtifact, args: CopyArgs, layout: MirrorLayout): Promise<boolean> {
  const changed = await publishFile(await download(file, args.downloads), join(layout.files, file.path));
  if (changed) args.note(`${file.name} ${file.version} copied (${checksum(file)})`);
  return changed;
}

/** `docker.io/library/redis` → where it is copied from. */
function sourceRepository(path: string, registry: string | undefined): string {
  const { repository } = splitReference(path);
  return registry ? `${registry}/${repository}` : repository;
}

async function digestOf(image: UpstreamImage, args: CopyArgs, writer: ImageWriter): Promise<string> {
  const known = args.recorded?.artifacts.find((artifact) => artifact.kind === "image" && artifact.path === image.path);
  if (known?.kind === "image" && !args.resolveAgain) return known.digest;
  const digest = await writer.resolve(
    `${sourceRepository(image.path, args.registry)}:${splitReference(image.path).tag}`,
  );
  args.note(`${image.name}: ${image.path} is not pinned; recorded as ${digest}`);
  return digest;
}

async function copyImage(
  image: ImageArtifact,
  args: CopyArgs,
  layout: MirrorLayout,
  writer: ImageWriter,
): Promise<boolean> {
  if (layout.storedDigest(image.path) === image.digest) return false;
  await writer.copy(sourceRepository(image.path, args.registry), image.digest, image.path);
  const got = layout.storedDigest(image.path);
  if (got !== image.digest) {
    throw new MirrorError(
      `${image.name} ${image.version} — the mirror stored another digest (got ${got ?? "none"}, need ${image.digest}) — ` +
        "pin the digest of the linux/amd64 image, not that of a list of platforms",
    );
  }
  args.note(`${image.name} ${image.version} copied (${image.digest})`);
  return true;
}
