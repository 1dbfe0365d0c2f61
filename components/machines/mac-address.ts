import { createHash } from "node:crypto";

/** The MAC address of a guest, always the same for the same cluster and node: in QEMU's own range. */
export function macAddress(cluster: string, node: string): string {
  const hash = createHash("sha256").update(`${cluster}/${node}`).digest("hex").slice(0, 6);
  return `52:54:00:${hash.slice(0, 2)}:${hash.slice(2, 4)}:${hash.slice(4)}`;
}
