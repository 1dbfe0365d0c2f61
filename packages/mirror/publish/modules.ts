import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Artifact } from "../artifact";
import { readSums } from "../units/go-component";
import type { BuildStore } from "../units/store";
import type { Unit } from "../units/unit";
import type { BuiltFile, BuiltImage, HostTool } from "../catalogue/artifacts";
import type { ImageWriter } from "./image-writer";
import { publishFile, type MirrorLayout } from "./layout";

/** The result of publishing. */
export interface Published {
  readonly artifacts: readonly Artifact[];
  /** Whether anything in the mirror changed. */
  readonly changed: boolean;
}

/** Puts the programs for this computer and the base disks of its machines into the mirror. */
export async function publishTools(
  store: BuildStore,
  layout: MirrorLayout,
  tools: readonly HostTool[],
  disks: readonly { readonly unit: Unit; readonly directory: string }[],
): Promise<boolean> {
  const pairs = [
    ...tools.map(({ name, unit, output }) => [join(store.directory(unit), output), join(layout.bin, name)] as const),
    ...disks.flatMap(({ unit, directory }) =>
      ["base.img", "base.json"].map((file) => [join(store.directory(unit), file), join(directory, file)] as const),
    ),
  ];
  let changed = false;
  for (const [source, target] of pairs) changed = (await publishFile(source, target)) || changed;
  return changed;
}

/** Puts the outputs that were built from modules into the mirror: files by hard link, images through the registry. */
export async function publishModules(
  files: readonly BuiltFile[],
  images: readonly BuiltImage[],
  store: BuildStore,
  layout: MirrorLayout,
  writer: ImageWriter,
): Promise<Published> {
  const artifacts: Artifact[] = [];
  let changed = false;
  for (const { name, version, path, unit, output } of files) {
    changed = (await publishFile(join(store.directory(unit), output), join(layout.files, path))) || changed;
    const sum = (await readSums(store.directory(unit)))[output];
    if (!sum) throw new Error(`${unit.name} has no checksum of ${output}`);
    artifacts.push({ kind: "file", name, version, path, sha256: sum.sha256 });
  }
  for (const { name, version, path, unit } of images) {
    const digest = readFileSync(join(store.directory(unit), "digest"), "utf8");
    if (layout.storedDigest(path) !== digest) {
      await writer.push(join(store.directory(unit), "layout"), path);
      changed = true;
    }
    artifacts.push({ kind: "image", name, version, path, digest });
  }
  return { artifacts, changed };
}
