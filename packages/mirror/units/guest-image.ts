import { open, mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./command";
import { makeDebianRoot, rootFiles, SOURCE_DATE_EPOCH, type DebianRoot } from "./debian-root";
import { recordSums } from "./go-component";
import type { BuildContext, Unit } from "./unit";

const SECTOR = 512;
const MIB = 1024 ** 2;
/** Partitions with the numbers of Debian's own cloud images, without the EFI partition. Root is last on disk, so it can grow. */
const BIOS_PARTITION = { number: 14, startMiB: 1, sizeMiB: 3 };
const ROOT_START_MIB = 4;

/** Identifiers, the same in every build; clones of the disk share them, as with any cloud image. */
const UUIDS = {
  disk: "2f0c5a1e-8a7b-4b41-9a55-3c1df0f1a27e",
  boot: "9c1b7f52-0d7c-4f0e-8f39-6f4f2d9b51c8",
  root: "c3a9be0d-5e57-4c7a-b0a6-1a4f7d3c9e62",
};
const PARTITION_TYPES = {
  bios: "21686148-6449-6E6F-744E-656564454649",
  root: "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",
};

/** Offsets: of the core image's sector in GRUB's boot sector, and of the rest's sector in the core's first one. */
const KERNEL_SECTOR_OFFSET = 0x5c;
const BLOCK_LIST_OFFSET = SECTOR - 12;

export interface GuestImageArgs {
  readonly root: DebianRoot;
  /** File name of the image: `debian-12-genericcloud-amd64.qcow2`. */
  readonly file: string;
  /** Size of the disk as the guest sees it before it grows. */
  readonly sizeMiB: number;
}

/**
 * A cloud image: a whole disk in qcow2, compressed, that boots by BIOS and leaves the rest to cloud-init. Laid out like
 * Debian's own, so that the same steps work with either. Made without loop devices.
 */
export function guestImage(args: GuestImageArgs): Unit {
  const { root, file, sizeMiB } = args;
  return {
    name: "guest-image",
    inputs: [
      JSON.stringify([root.variant, root.packages, file, sizeMiB, UUIDS, SOURCE_DATE_EPOCH]),
      ...rootFiles(root),
    ],
    needs: [],
    seconds: 150,
    diskMiB: 3000,
    build: (directory, context) => buildImage(args, directory, context),
  };
}

async function buildImage(args: GuestImageArgs, directory: string, context: BuildContext): Promise<void> {
  const tree = join(context.scratch, "root");
  await mkdir(tree);
  await makeDebianRoot(args.root, tree, "guest-image", context);
  await writeImage(args, tree, directory, context);
  await recordSums(directory, [args.file]);
}

async function writeImage(args: GuestImageArgs, tree: string, directory: string, context: BuildContext): Promise<void> {
  const raw = join(context.scratch, "disk.raw");
  const command = (name: string, options: readonly string[]): Promise<string> =>
    run(name, options, {
      label: `guest-image: ${name}`,
      log: context.log,
      env: { E2FSPROGS_FAKE_TIME: SOURCE_DATE_EPOCH },
    });
  await writeFile(raw, "");
  await truncate(raw, args.sizeMiB * MIB);
  const table = join(context.scratch, "table");
  await writeFile(table, partitionTable());
  await command("sh", ["-c", 'exec sfdisk --quiet --no-reread --no-tell-kernel "$1" <"$2"', "sfdisk", raw, table]);
  // A GPT keeps its second copy in the last MiB.
  const rootMiB = args.sizeMiB - ROOT_START_MIB - 1;
  const extended = [`offset=${ROOT_START_MIB * MIB}`, "root_owner=0:0", `hash_seed=${UUIDS.root}`];
  const options = ["-q", "-F", "-t", "ext4", "-b", "4096", "-L", "root", "-U", UUIDS.root, "-E", extended.join(",")];
  await command("mke2fs", [...options, "-d", tree, raw, `${rootMiB}M`]);
  await installBootLoader(raw, join(tree, "boot", "grub"));
  const compressed = ["-c", "-o", "compression_type=zstd"];
  await command("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", ...compressed, raw, join(directory, args.file)]);
  // Hundreds of megabytes each; the rest of the scratch directory goes with the build.
  for (const large of [tree, raw]) await rm(large, { recursive: true });
}

function partitionTable(): string {
  const { number, startMiB, sizeMiB } = BIOS_PARTITION;
  return [
    "label: gpt",
    `label-id: ${UUIDS.disk}`,
    `${number} : start=${startMiB}MiB, size=${sizeMiB}MiB, type=${PARTITION_TYPES.bios}, uuid=${UUIDS.boot}`,
    `1 : start=${ROOT_START_MIB}MiB, type=${PARTITION_TYPES.root}, uuid=${UUIDS.root}`,
    "",
  ].join("\n");
}

/**
 * Writes GRUB's boot sector and its core image, as grub-bios-setup would on a block device: the boot sector loads the
 * first sector of the core, which loads the rest.
 *
 * @param disk A raw image with a partition table.
 * @param grub Directory of `boot.img` and `core.img`.
 */
export async function installBootLoader(disk: string, grub: string): Promise<void> {
  const boot = await readFile(join(grub, "boot.img"));
  const core = await readFile(join(grub, "core.img"));
  const room = BIOS_PARTITION.sizeMiB * MIB;
  if (core.length > room) throw new Error(`core.img has ${core.length} bytes, need ${room} at most`);
  const first = BigInt((BIOS_PARTITION.startMiB * MIB) / SECTOR);
  boot.writeBigUInt64LE(first, KERNEL_SECTOR_OFFSET);
  core.writeBigUInt64LE(first + 1n, BLOCK_LIST_OFFSET);
  const file = await open(disk, "r+");
  try {
    // The partition table begins behind the first 440 bytes.
    await file.write(boot, 0, 440, 0);
    await file.write(core, 0, core.length, BIOS_PARTITION.startMiB * MIB);
  } finally {
    await file.close();
  }
}
