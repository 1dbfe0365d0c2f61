import { homedir } from "node:os";
import { join } from "node:path";

/** Builds and downloads, shared by every clone: `$XDG_CACHE_HOME/gitops-platform`, by default in `~/.cache`. */
export function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "gitops-platform");
}
