/** The server that a Git repository is on, and how it is reached. */
export interface GitAddress {
  readonly protocol: "ssh" | "http";
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string;
  /** Of SSH only. */
  readonly port: number;
}

const FORMS: readonly (readonly [GitAddress["protocol"], RegExp])[] = [
  ["http", /^https?:\/\/(?<host>[^\s/:@]+)(:\d+)?\/\S+$/],
  ["ssh", /^ssh:\/\/([\w.-]+@)?(\[(?<ipv6>[\da-f:]+)\]|(?<host>[\w.-]+))(:(?<port>\d+))?\/\S+$/],
  ["ssh", /^[\w.-]+@(?<host>[\w.-]+):[^\s/]\S*$/],
];

/** Parses `ssh://user@host:port/path`, `user@host:path` or `https://host/path`; undefined for other forms, and with a password. */
export function parseGitAddress(url: string): GitAddress | undefined {
  for (const [protocol, form] of FORMS) {
    const found = form.exec(url)?.groups;
    const host = found?.["ipv6"] ?? found?.["host"];
    if (host !== undefined) return { protocol, host, port: Number(found?.["port"] ?? 22) };
  }
  return undefined;
}
