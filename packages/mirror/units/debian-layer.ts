import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDebianRoot, SOURCE_DATE_EPOCH, type DebianRoot } from "./debian-root";
import { LAYER_COMPRESSION, packLayer } from "./layer";
import { fileInput } from "./source-files";
import { listTree, subtractTree, type TreeListing } from "./tree-difference";
import type { Unit } from "./unit";

/** A layer of Debian packages, over another one or over nothing. */
export interface DebianLayerArgs {
  readonly name: string;
  readonly root: DebianRoot;
  /** The layer below; its files aren't packed again. */
  readonly over?: Unit;
}

/** The unit of a Debian layer: `layer.blob`, `layer.json`, the listing for a layer above, and the CA certificates. */
export function debianLayer({ name, root, over }: DebianLayerArgs): Unit {
  return {
    name,
    inputs: [
      JSON.stringify([root.variant, root.packages, root.hookArgs, SOURCE_DATE_EPOCH, LAYER_COMPRESSION]),
      fileInput(root.hook, "hook"),
    ],
    needs: over ? [over] : [],
    seconds: 50,
    diskMiB: 500,
    async build(directory, context) {
      const tree = join(context.scratch, "root");
      await mkdir(tree);
      await makeDebianRoot(root, tree, name, context);
      // Mounted and used while the hook runs, so they can be removed only now. The engine makes its own devices.
      for (const leftover of ["dev", "var/lib/apt"]) await rm(join(tree, leftover), { recursive: true, force: true });
      await mkdir(join(tree, "dev"));
      if (over) {
        subtractTree(tree, JSON.parse(await readFile(join(context.output(over), "tree.json"), "utf8")) as TreeListing);
      } else {
        await writeFile(join(directory, "tree.json"), JSON.stringify(listTree(tree)));
        await copyFile(join(tree, "etc/ssl/certs/ca-certificates.crt"), join(directory, "ca-certificates.crt"));
      }
      await packLayer(tree, directory, name, context);
      await rm(tree, { recursive: true });
    },
  };
}
