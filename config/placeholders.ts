import { contains, parseAddress, parseNetwork } from "../components/addresses/ipv4";
import { parseGitAddress } from "../components/addresses/git-address";
import { digitsOf } from "../components/addresses/ipv6";
import type { StackConfig } from "./stack-config";

/** The parts of a configuration that are given as placeholders. */
type Given = Pick<StackConfig<unknown>, "network" | "nodes" | "hypervisors" | "guestImage" | "gitops">;

/** Host keys of the stack files as they are given: nobody has their private halves. */
const HOST_KEYS: ReadonlySet<string> = new Set([
  "AAAAC3NzaC1lZDI1NTE5AAAAIDt82Er6ug290dMTWyCKFtLUHEaEkF1WdEVxYoBUyPZr",
  "AAAAC3NzaC1lZDI1NTE5AAAAICEj2KJfpTywuZZgpdjfK2ZC6MLU4PRqDdqOk6lUbFTZ",
  "AAAAC3NzaC1lZDI1NTE5AAAAIGzLHf/7ABsAHN+GtnRPHqwo8BO5/U7L6wIFNVL4sr5n",
  "AAAAC3NzaC1lZDI1NTE5AAAAIDybJHOmHGtgmohHchy68DrJ98JIdb6Oa1kPB//25d3w",
  "AAAAC3NzaC1lZDI1NTE5AAAAIAM39dbj7zeNLGZhMz0GKk1AzYCnMyt5eeZ/f6UxPm92",
]);

/** Reserved for documentation: RFC 5737, RFC 3849 and RFC 2606. */
const NETWORKS = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"].flatMap((cidr) => parseNetwork(cidr) ?? []);
const NETWORK6 = "20010db8";
const NAMES = /(^|\.)(example\.(org|com|net)|example|invalid)$/;

/** What is still as it is given, by its key. An address on a network that is a placeholder itself is not named again. */
export function placeholders({ network, nodes, hypervisors, guestImage, gitops }: Given): string[] {
  const found: string[] = [];
  const host = (key: string, value: string | undefined): void => {
    if (value !== undefined && isReserved(value)) found.push(`${key} ${value}`);
  };
  const hostKey = (key: string, value: string): void => {
    if (HOST_KEYS.has(value.split(" ")[1] ?? "")) found.push(key);
  };
  const [first = ""] = network.cidr.split("/");
  if (isReserved(first)) found.push(`network.cidr ${network.cidr}`);
  for (const [index, { address, bastion, hostKey: key }] of hypervisors.entries()) {
    host(`hypervisors[${index}].address`, address);
    hostKey(`hypervisors[${index}].hostKey`, key);
    host(`hypervisors[${index}].bastion.address`, bastion?.address);
    if (bastion) hostKey(`hypervisors[${index}].bastion.hostKey`, bastion.hostKey);
  }
  if (guestImage && /^((0123456789abcdef)+|0+)$/.test(guestImage.checksum.hex))
    found.push(`guestImage.${guestImage.checksum.algorithm}`);
  for (const [index, node] of nodes.entries()) {
    if (node.kind === "adopted") hostKey(`nodes[${index}].hostKey`, node.hostKey);
    if (node.kind === "libvirt") host(`nodes[${index}].ipv6`, node.ipv6);
  }
  if (isReserved(parseGitAddress(gitops.repoURL)?.host ?? "")) found.push(`gitops.repoURL ${gitops.repoURL}`);
  for (const [index, key] of gitops.hostKeys.entries()) hostKey(`gitops.hostKeys[${index}]`, key);
  return found;
}

function isReserved(host: string): boolean {
  const [bare = ""] = host.split("/");
  const address = parseAddress(bare);
  if (address !== undefined) return NETWORKS.some((network) => contains(network, address));
  return digitsOf(bare)?.startsWith(NETWORK6) ?? NAMES.test(bare.toLowerCase());
}
