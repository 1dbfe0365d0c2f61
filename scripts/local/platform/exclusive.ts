import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { root } from "../../lib/paths";

/**
 * Holds the local platform for this process: two starts, or a start and a stop, must not run at once. The lock is an
 * abstract socket: the kernel frees it with the process, also after a crash.
 *
 * @throws when another command of this clone is running
 */
export async function holdPlatform(): Promise<void> {
  const name = createHash("sha256").update(root).digest("hex").slice(0, 16);
  await new Promise<void>((resolve, reject) => {
    const server = createServer();
    server.once("error", () => {
      reject(
        new Error(`${root} — another npm start, stop, drift or pulumi runs in this clone; wait until it has ended`),
      );
    });
    server.listen(`\0gitops-platform-${name}`, resolve);
    server.unref();
  });
}
