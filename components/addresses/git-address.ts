import { digitsOf } from "./ipv6";

/** The server that a Git repository is on, and how it is reached. */
export interface GitAddress {
  readonly protocol: "ssh" | "http";
  /** Name or IP address, IPv6 without brackets. */
  readonly host: string;
  /** Of SSH only. */
  readonly port: number;
}

/**
 * The forms that git, ssh and Argo CD take alike. Argo CD finds the key of a repository over SSH only where the address
 * names a user, and where no second @ follows. git refuses a host or a path that looks like a flag.
 */
const FORMS: readonly (readonly [GitAddress["protocol"], RegExp])[] = [
  ["http", /^https?:\/\/(\[(?<ipv6>[\da-f:.]+)\]|(?<host>[^\s/:@[\]]+))(:(?<port>\d+))?\/\S+$/i],
  ["ssh", /^ssh:\/\/[\w.+~-]+@(\[(?<ipv6>[\da-f:.]+)\]|(?<host>\w[\w.-]*))(:(?<port>\d+))?\/[^\s@]+$/i],
  ["ssh", /^[\w.+~-]+@(\[(?<ipv6>[\da-f:.]+)\]|(?<host>\w[\w.-]*)):(?<path>[^\s@-][^\s@]*)$/i],
];

/** Parses `ssh://user@host:port/path`, `user@host:path` or `https://host/path`; undefined for other forms, and with a password. */
export function parseGitAddress(url: string): GitAddress | undefined {
  for (const [protocol, form] of FORMS) {
    const found = form.exec(url)?.groups;
    const { ipv6, port } = found ?? {};
    const host = ipv6 ?? found?.["host"];
    if (host === undefined || (ipv6 !== undefined && digitsOf(ipv6) === undefined)) continue;
    if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) continue;
    return { protocol, host, port: protocol === "ssh" ? Number(port ?? 22) : 22 };
  }
  return undefined;
}

/**
 * What somebody meant who wrote a port into `user@host:path`: git takes it for a folder, Argo CD for a port.
 *
 * @returns the address that both read as the port; undefined where there is no port
 */
export function withPort(url: string): string | undefined {
  const [, server, port, path] = /^([^/:]+@(?:\[[^\]]+\]|[^/:]+)):(\d{1,5})[/:](.+)$/.exec(url) ?? [];
  return server === undefined ? undefined : `ssh://${server}:${port}/${path?.replace(/^\//, "")}`;
}

/**
 * Whether git takes a text for a branch, tag or commit, by the rules of git-check-ref-format. Argo CD looks it up in
 * what the server lists, so it resolves none of git's expressions, `HEAD~1` for example.
 */
export function isRevision(text: string): boolean {
  const forbidden = /[\0-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\.$|\/$|^[-/]|^@$/;
  return text !== "" && !forbidden.test(text) && text.split("/").every((part) => !/^\.|\.lock$/.test(part));
}
