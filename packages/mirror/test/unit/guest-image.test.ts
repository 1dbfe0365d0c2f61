// Does not prove that the disk boots: the drill kvm-worker does.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installBootLoader } from "../../units/guest-image";

const MIB = 1024 ** 2;
/** The first sector of the BIOS boot partition. */
const CORE_SECTOR = 2048n;

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "guest-image-"))));
afterEach(() => rm(directory, { recursive: true }));

/** A disk of 5 MiB whose first sector is full of `t`, as if a partition table were there. */
async function install(coreBytes: number): Promise<Buffer> {
  await writeFile(join(directory, "boot.img"), Buffer.alloc(512, "b"));
  await writeFile(join(directory, "core.img"), Buffer.alloc(coreBytes, "c"));
  await writeFile(join(directory, "disk"), Buffer.concat([Buffer.alloc(512, "t"), Buffer.alloc(5 * MIB - 512)]));
  await installBootLoader(join(directory, "disk"), directory);
  return readFile(join(directory, "disk"));
}

describe("the boot loader", () => {
  it("leads from the boot sector to the core, and from its first sector to its rest", async () => {
    const disk = await install(2000);
    expect(disk.readBigUInt64LE(0x5c)).toBe(CORE_SECTOR);
    expect(disk.readBigUInt64LE(MIB + 512 - 12)).toBe(CORE_SECTOR + 1n);
    expect(disk.subarray(MIB + 512, MIB + 2000).equals(Buffer.alloc(1488, "c"))).toBe(true);
  });

  it("leaves the partition table and what is behind the core alone", async () => {
    const disk = await install(2000);
    expect(disk.subarray(440, 512).toString()).toBe("t".repeat(72));
    expect(disk.subarray(512, MIB).every((byte) => byte === 0)).toBe(true);
    expect(disk.subarray(MIB + 2000).every((byte) => byte === 0)).toBe(true);
  });

  it("refuses a core that its partition can't hold", async () => {
    await expect(install(3 * MIB + 1)).rejects.toThrow("core.img has 3145729 bytes, need 3145728 at most");
  });
});
