import { chmod, copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SOURCE_DATE_EPOCH } from "./debian-root";
import { recordSums } from "./go-component";
import { run } from "./command";
import { LAYER_COMPRESSION, packLayer } from "./layer";
import type { Unit } from "./unit";

/** `pause`, the process that keeps a pod's namespaces, from the C file of the Kubernetes module. */
export function pauseProgram(kubernetes: Unit, version: string): Unit {
  const flags = ["-Os", "-Wall", "-Werror", "-static", "-s", `-DVERSION=${version}`];
  return {
    name: "pause",
    inputs: [JSON.stringify(flags)],
    needs: [kubernetes],
    seconds: 2,
    diskMiB: 2,
    async build(directory, context) {
      const source = join(context.output(kubernetes), "pause.c");
      await run("gcc", [...flags, "-o", join(directory, "pause"), source], { label: "pause: gcc", log: context.log });
    },
  };
}

const PASSWD = `root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
`;

/** The layer below static programs: CA certificates, user names, `/tmp`. */
export function staticLayer(certificates: Unit): Unit {
  const name = "layer-static";
  return {
    name,
    inputs: [PASSWD, LAYER_COMPRESSION, SOURCE_DATE_EPOCH],
    needs: [certificates],
    seconds: 1,
    diskMiB: 1,
    async build(directory, context) {
      const tree = join(context.scratch, "tree");
      const [etc, tmp] = [join(tree, "etc"), join(tree, "tmp")];
      await mkdir(join(etc, "ssl", "certs"), { recursive: true, mode: 0o755 });
      await mkdir(tmp);
      await chmod(tmp, 0o1777);
      const bundle = "ca-certificates.crt";
      await copyFile(join(context.output(certificates), bundle), join(etc, "ssl", "certs", bundle));
      await writeFile(join(etc, "passwd"), PASSWD, { mode: 0o644 });
      await writeFile(join(etc, "group"), "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n", { mode: 0o644 });
      await writeFile(join(etc, "nsswitch.conf"), "hosts: files dns\n", { mode: 0o644 });
      await packLayer(tree, directory, name, context);
      await rm(tree, { recursive: true });
    },
  };
}

/** A `.tar.gz` of programs in upstream's form: the files at the top, sorted, with a fixed time. */
export function archive(file: string, from: Unit, programs: readonly string[]): Unit {
  const name = `archive-${from.name}`;
  return {
    name,
    inputs: [file, ...programs, SOURCE_DATE_EPOCH],
    needs: [from],
    seconds: 3,
    diskMiB: 60,
    async build(directory, context) {
      const tar = join(context.scratch, "archive.tar");
      const flags = [
        "--sort=name",
        `--mtime=@${SOURCE_DATE_EPOCH}`,
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mode=755",
      ];
      const options = { label: name, log: context.log };
      await run(
        "tar",
        [...flags, "-C", context.output(from), "-cf", tar, ...[...programs].sort().map((program) => `./${program}`)],
        options,
      );
      // Level 1: nodes unpack it once over a local link; time counts, not size. -n: no name or time inside.
      await run("gzip", ["-1", "-n", tar], options);
      await rename(`${tar}.gz`, join(directory, file));
      await recordSums(directory, [file]);
    },
  };
}
