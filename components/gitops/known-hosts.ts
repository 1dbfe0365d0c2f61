import { parseGitAddress } from "../addresses/git-address";

/**
 * The lines of `ssh_known_hosts` that pin the server of a repository to its host keys, `<type> <base64>` each.
 *
 * @throws Error when there are keys, and the repository isn't on an SSH server.
 */
export function knownHosts(url: string, hostKeys: readonly string[]): string[] {
  if (hostKeys.length === 0) return [];
  const server = parseGitAddress(url);
  if (server?.protocol !== "ssh") {
    throw new Error(
      `gitops.repoURL — names no SSH server to pin (got ${url}, need ssh://user@host[:port]/path or user@host:path)` +
        " — give the SSH address, or remove gitops.hostKeys",
    );
  }
  const name = server.port === 22 ? server.host : `[${server.host}]:${server.port}`;
  return hostKeys.map((key) => `${name} ${key}`);
}
