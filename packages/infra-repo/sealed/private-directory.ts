import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Works in a directory that only its owner can read, in memory if the computer has /dev/shm, and removes it. */
export async function inPrivateDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  // mkdtemp makes it 0700.
  const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "gitops-platform-keys-"));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const interrupted = (): never => {
    remove();
    process.exit(130);
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    return await work(directory);
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    remove();
  }
}
