/** An IPv4 network; both ends as unsigned 32-bit numbers. */
export interface Network {
  /** Canonical form: `10.78.0.0/24`. */
  readonly cidr: string;
  readonly prefix: number;
  /** The network's own address. */
  readonly first: number;
  /** The broadcast address. */
  readonly last: number;
}

/** Parses dotted IPv4; undefined for anything else, leading zeros (which some tools read as octal) included. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

/** Dotted form of an address. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** Parses `a.b.c.d/prefix`; host bits may be set, `cidr` of the result is the network they belong to. */
export function parseNetwork(text: string): Network | undefined {
  const match = /^([\d.]+)\/(\d|[12]\d|3[0-2])$/.exec(text);
  const address = match?.[1] === undefined ? undefined : parseAddress(match[1]);
  if (address === undefined) return undefined;
  const prefix = Number(match?.[2]);
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return { cidr: `${formatAddress(first)}/${prefix}`, prefix, first, last: first + size - 1 };
}

/** The length of a network's prefix. @throws Error when the text is no network in CIDR form */
export function prefixOf(cidr: string): number {
  const network = parseNetwork(cidr);
  if (!network) throw new Error(`network ${cidr} — is not in CIDR form (need for example 192.0.2.0/24) — correct it`);
  return network.prefix;
}

export function contains(network: Network, address: number): boolean {
  return address >= network.first && address <= network.last;
}

export function overlap(a: Network, b: Network): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The first address a machine may have; on the local platform the bridge takes it. */
export function firstHost(network: Network): string {
  return formatAddress(network.first + 1);
}
