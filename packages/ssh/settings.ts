/** How to reach and log in to one SSH server, defaults applied. Field names and meanings are those of Pulumi's `Connection`. */
export interface SshEndpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  /** OpenSSH or PEM private key; preferred over the password. */
  readonly privateKey?: string;
  readonly privateKeyPassword?: string;
  /** Expected public host key in authorized_keys form. Without it any key is accepted, as the official plugin does. */
  readonly hostKey?: string;
  /** @default the environment's SSH_AUTH_SOCK */
  readonly agentSocketPath?: string;
  /** Failed dials that are tolerated; -1 for no limit. */
  readonly dialErrorLimit: number;
  /** Longest single dial, in seconds; 0 for no limit. */
  readonly perDialTimeout: number;
}

/** An endpoint, reached directly or through another one. */
export interface SshSettings extends SshEndpoint {
  readonly proxy?: SshEndpoint;
}

/** `host:port`, with an IPv6 address in brackets. */
export function endpointName({ host, port }: SshEndpoint): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
