import { chmod, copyFile, mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command";
import { makeDebianRoot, SOURCE_DATE_EPOCH, type DebianFiles } from "./debian-root";
import { LAYER_COMPRESSION, packLayer } from "./layer";
import type { Unit } from "./unit";

const FILES: DebianFiles = { variant: "extract", packages: ["busybox-static"] };

/** The unit of a layer with Debian's static busybox, under the names of all its programs, like the official image. */
export function busyboxLayer(): Unit {
  const name = "layer-busybox";
  return {
    name,
    inputs: [JSON.stringify([FILES, SOURCE_DATE_EPOCH, LAYER_COMPRESSION])],
    needs: [],
    seconds: 12,
    diskMiB: 10,
    async build(directory, context) {
      const [root, tree] = [join(context.scratch, "root"), join(context.scratch, "tree")];
      await mkdir(root);
      await makeDebianRoot(FILES, root, name, context);
      await mkdir(join(tree, "bin"), { recursive: true, mode: 0o755 });
      const busybox = join(tree, "bin", "busybox");
      await copyFile(join(root, "bin", "busybox"), busybox);
      await chmod(busybox, 0o755);
      const programs = await run(busybox, ["--list"], { label: name, log: context.log });
      for (const program of programs.split("\n").filter((line) => line !== "" && line !== "busybox"))
        await symlink("busybox", join(tree, "bin", program));
      await packLayer(tree, directory, name, context);
      for (const scratch of [root, tree]) await rm(scratch, { recursive: true });
    },
  };
}
