import type { ClusterSettings } from "./kubeadm-config";

import { formatAddress, parseAddress, parseNetwork } from "../addresses/ipv4";

/**
 * A node's part of the pod network, a /24, chosen by the node's own address: 10.78.0.21 in 10.244.0.0/16 gets
 * 10.244.21.0/24. Two nodes whose addresses agree in the bits that count would get the same part.
 *
 * @throws Error when the pod network is too small, or when two nodes would share a part.
 */
export function podCidrsByAddress(podSubnet: string, addresses: readonly string[]): Map<string, string> {
  const network = parseNetwork(podSubnet);
  const parts = network ? 2 ** (24 - network.prefix) : 0;
  if (!network || parts < 2) {
    throw new Error(`podSubnet ${podSubnet} has no room for a /24 per node; give it 16 bits, like 10.244.0.0/16`);
  }
  const owners = new Map<number, string>();
  return new Map(
    addresses.map((address) => {
      const part = (parseAddress(address) ?? 0) % parts;
      const owner = owners.get(part);
      if (owner !== undefined) {
        throw new Error(
          `nodes ${owner} and ${address} would share a part of podSubnet ${podSubnet}; change an address`,
        );
      }
      owners.set(part, address);
      return [address, `${formatAddress(network.first + part * 256)}/24`];
    }),
  );
}

/** Each node's part of the pod network by its address; empty where the controller chooses. */
export function podCidrsOf(
  { podCidrs, podSubnet }: ClusterSettings,
  nodes: readonly { readonly address: string }[],
): ReadonlyMap<string, string> {
  if (podCidrs === "controller") return new Map();
  return podCidrsByAddress(
    podSubnet,
    nodes.map(({ address }) => address),
  );
}
