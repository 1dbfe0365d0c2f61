import { mkdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command";
import { makeDebianRoot, rootFiles, SOURCE_DATE_EPOCH, type DebianRoot } from "./debian-root";
import { unitKey, type BuildContext, type Unit } from "./unit";

/** Identifier of the base's file system. Every machine's copy has the same; they are mounted by device. */
const FILE_SYSTEM_UUID = "6b9e2d0c-4a5e-4f0b-9d1c-7a3f58c0e2d4";

export interface MachineDiskArgs {
  /** The unit's name: `machine-disk`. */
  readonly name: string;
  readonly root: DebianRoot;
  /** Size of the file system; the file is sparse, so only its content takes space. */
  readonly sizeGiB: number;
}

/**
 * The disk that local machines start from: `base.img`, an ext4 file system without a partition table, and
 * `base.json` with the Debian packages in it.
 */
export function machineDisk(args: MachineDiskArgs): Unit {
  const { name, root, sizeGiB } = args;
  const unit: Unit = {
    name,
    inputs: [
      JSON.stringify([root.variant, root.packages, root.hookArgs, sizeGiB, SOURCE_DATE_EPOCH]),
      ...rootFiles(root),
    ],
    needs: [],
    seconds: 75,
    diskMiB: 1500,
    build: (directory, context) => buildDisk(unit, args, directory, context),
  };
  return unit;
}

async function buildDisk(unit: Unit, args: MachineDiskArgs, directory: string, context: BuildContext): Promise<void> {
  const rootDirectory = join(context.scratch, "root");
  const image = join(directory, "base.img");
  await mkdir(rootDirectory);
  await makeDebianRoot(args.root, rootDirectory, unit.name, context);
  const query = ["-W", `--admindir=${rootDirectory}/var/lib/dpkg`, "-f", "${Package} ${Version}\\n"];
  const packages = await run("dpkg-query", query, { label: `${unit.name}: dpkg-query`, log: context.log });
  await writeFile(image, "");
  await truncate(image, args.sizeGiB * 1024 ** 3);
  const features = [`root_owner=0:0`, `hash_seed=${FILE_SYSTEM_UUID}`, "lazy_journal_init=1"];
  // mke2fs discards a regular file first and then knows it to be zero: no inode table is written, now or when mounted.
  await run(
    "mke2fs",
    [
      "-q",
      "-F",
      "-t",
      "ext4",
      "-m",
      "0",
      "-L",
      "root",
      "-U",
      FILE_SYSTEM_UUID,
      "-E",
      features.join(","),
      "-d",
      rootDirectory,
      image,
    ],
    { label: `${unit.name}: mke2fs`, log: context.log, env: { E2FSPROGS_FAKE_TIME: SOURCE_DATE_EPOCH } },
  );
  const description = { inputs: unitKey(unit), packages: packages.trim().split("\n") };
  await writeFile(join(directory, "base.json"), JSON.stringify(description, undefined, 2) + "\n");
  await rm(rootDirectory, { recursive: true });
}
