/** One SSH server and its login, defaults applied. Fields are those of Pulumi's `Connection`. */
export interface SshEndpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  /** OpenSSH or PEM private key; preferred over the password. */
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  /** Expected public host key in authorized_keys form. @default any key is accepted, as by the official plugin */
  readonly hostKey?: string;
  /** Used when there is no private key. @default no agent */
  readonly agentSocketPath?: string;
  /** Failed dials that are tolerated; -1 for no limit. */
  readonly dialErrorLimit: number;
  /** Longest TCP connect, and unless its caller sets another limit the login, in seconds; 0 for no limit. */
  readonly perDialTimeout: number;
}

/** A server, reached directly or through another one. */
export interface SshSettings extends SshEndpoint {
  readonly proxy?: SshEndpoint;
}

/** `host:port`, with an IPv6 address in brackets. */
export function endpointName({ host, port }: SshEndpoint): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
