import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rename, stat, writeFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command";
import { SOURCE_DATE_EPOCH } from "./debian-root";
import type { BuildContext } from "./unit";

/**
 * Compression of layers. Measured with containerd 1.6 on two cores over the local bridge: see docs/adr/0002-air-gap-mirror.md.
 */
export const LAYER_COMPRESSION: "none" | "gzip" | "zstd" = "zstd";

const MEDIA_TYPES = {
  none: "application/vnd.oci.image.layer.v1.tar",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
};

const COMPRESSORS = {
  none: undefined,
  gzip: ["gzip", "-1", "-n"],
  zstd: ["zstd", "-3", "-q", "--no-progress", "--rm"],
};
const SUFFIXES = { none: "", gzip: ".gz", zstd: ".zst" };

/** A layer as an image manifest names it, and the digest of the plain tar for the image's config. */
export interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly diffId: string;
}

/** The file of the layer in a unit's output; `layer.json` beside it is its {@link Layer}. */
export const LAYER_FILE = "layer.blob";

/** Hex SHA-256 of a file. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/**
 * Packs a directory as a layer: the same tree gives the same digest, whenever and wherever it is packed.
 * Owners and modes are the tree's own.
 */
export async function packLayer(tree: string, directory: string, label: string, context: BuildContext): Promise<Layer> {
  const tar = join(context.scratch, "layer.tar");
  const flags = ["--sort=name", `--mtime=@${SOURCE_DATE_EPOCH}`, "--numeric-owner", "--format=gnu", "-C", tree];
  await run("tar", [...flags, "-cf", tar, "."], { label: `${label}: tar`, log: context.log });
  const diffId = `sha256:${await fileSha256(tar)}`;
  const compressor = COMPRESSORS[LAYER_COMPRESSION];
  if (compressor) {
    const [command = "", ...args] = compressor;
    await run(command, [...args, tar], { label: `${label}: ${command}`, log: context.log });
  }
  const blob = join(directory, LAYER_FILE);
  await rename(tar + SUFFIXES[LAYER_COMPRESSION], blob);
  const layer: Layer = {
    mediaType: MEDIA_TYPES[LAYER_COMPRESSION],
    digest: `sha256:${await fileSha256(blob)}`,
    size: (await stat(blob)).size,
    diffId,
  };
  await writeFile(join(directory, "layer.json"), JSON.stringify(layer, undefined, 2) + "\n");
  return layer;
}

/** Reads the layer that a unit made with {@link packLayer}. */
export async function readLayer(directory: string): Promise<Layer> {
  return JSON.parse(await readFile(join(directory, "layer.json"), "utf8")) as Layer;
}
