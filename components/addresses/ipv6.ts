import { isIPv6 } from "node:net";

/** A network of IPv6 that a machine is on, by its address with the prefix. */
export interface Interface6 {
  /** All 32 digits: every spelling of an address gives the same ones. */
  readonly digits: string;
  readonly prefix: number;
}

/** The 32 hex digits of an address, in whatever way it is written; undefined for other texts, and with a zone. */
export function digitsOf(text: string): string | undefined {
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const host = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [head = "", tail] = host.split("::");
  const groups = (part: string): string[] => part.split(":").filter((group) => group !== "");
  const [left, right] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].map((group) => group.padStart(4, "0")).join("");
}

/** Parses `2001:db8::11/64`. */
export function parseInterface6(text: string): Interface6 | undefined {
  const [, address = "", prefix = ""] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const digits = digitsOf(address);
  return digits === undefined || Number(prefix) > 128 ? undefined : { digits, prefix: Number(prefix) };
}

/** Whether a machine sends to an address directly, without a router. */
export function isOnLink({ digits, prefix }: Interface6, address: string): boolean {
  const other = digitsOf(address);
  if (other === undefined) return false;
  const shift = BigInt(128 - prefix);
  const network = (hex: string): bigint => BigInt(`0x${hex}`) >> shift;
  return network(digits) === network(other) || /^fe[89ab]/.test(other);
}
