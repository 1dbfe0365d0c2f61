import { contains, parseAddress, parseNetwork } from "../components/addresses/ipv4";
import type { Firewall } from "../components/addresses/sources";
import type { Outline } from "./outline";
import { type Problem, problem } from "./problem";
import type { StackFile } from "./schema";

/** Networks that the internet doesn't route (IANA's special-purpose registry). */
const NOT_PUBLIC = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"],
  ...["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15"],
].flatMap((cidr) => parseNetwork(cidr) ?? []);

function isPublic(address: string): boolean {
  const value = parseAddress(address);
  return value !== undefined && !NOT_PUBLIC.some((network) => contains(network, value));
}

/** Refuses pod traffic that strangers could read and forge: VXLAN neither encrypts nor authenticates. */
export function checkExposure({ network, nodes }: Outline): Problem[] {
  if (network.unencrypted !== undefined || nodes.length < 2) return [];
  return nodes.flatMap(({ address, kind }, index) => {
    if (kind !== "adopted" || address === undefined || !isPublic(address)) return [];
    const text = `${address} is a public address, and pod traffic between nodes is not encrypted; use the servers' private network, or set network.unencrypted.reason to why nobody else is on the way`;
    return [problem(`nodes[${index}].address`, text)];
  });
}

/**
 * Who reaches the nodes: the sources that are configured, or the nodes' own network. A network of ordered servers with
 * public addresses is shared with strangers, and lets nobody in. On the local platform this computer runs the updates, and
 * the hub notifies Argo CD through a NodePort.
 */
export function firewallOf({ hub, network, nodes }: StackFile, hostAddress: string | undefined): Firewall {
  if (network.withoutFirewall) return { off: network.withoutFirewall.reason };
  const shared = nodes.some(({ address, kind }) => kind === "adopted" && isPublic(address));
  const own = shared ? [] : [network.cidr];
  const here = hostAddress === undefined ? [] : [hostAddress];
  return {
    apiSources: [...(network.apiSources ?? own), ...here],
    nodePortSources: [...(network.nodePortSources ?? own), ...here, ...(hub ? [hub.address] : [])],
  };
}
