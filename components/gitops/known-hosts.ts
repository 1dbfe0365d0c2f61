/** The lines of `ssh_known_hosts` that pin the server of a repository to its host keys, `<type> <base64>` each. */
export function knownHosts(url: string, hostKeys: readonly string[]): string[] {
  if (hostKeys.length === 0) return [];
  const { host, port } = sshServer(url);
  const name = port === 22 ? host : `[${host}]:${port}`;
  return hostKeys.map((key) => `${name} ${key.trim()}`);
}

const URL_FORM = /^ssh:\/\/(?:[^@/]+@)?(?:\[(?<address>[^\]]+)\]|(?<host>[^:/@]+))(?::(?<port>\d+))?\/./;
const SHORT_FORM = /^[^@/\s]+@(?<host>[^:/\s]+):(?!\/\/)./;

/** Finds the server in a repository's address; understands `ssh://` URLs and the short form of Git. */
export function sshServer(url: string): { readonly host: string; readonly port: number } {
  const found = (URL_FORM.exec(url) ?? SHORT_FORM.exec(url))?.groups;
  const host = found?.["address"] ?? found?.["host"];
  if (!host) {
    throw new Error(
      `gitops.repoURL — names no server to reach over SSH (got ${url}, need ssh://user@host[:port]/path or user@host:path)` +
        " — give the address under which the deploy key may read",
    );
  }
  return { host, port: Number(found?.["port"] ?? 22) };
}
