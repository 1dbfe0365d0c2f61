import { isIPv6 } from "node:net";
import type { FirewallSources } from "../addresses/sources";

interface Ports {
  readonly protocol: "tcp" | "udp";
  /** A port, or a range with both ends: `2379-2381`. */
  readonly ports: string;
  readonly what: string;
  /** Whether pods of the same node may reach it. Those of others come with their node's address. */
  readonly pods: boolean;
}

/** Open among the nodes of a stack, and to no other machine. */
export const NODE_PORTS: readonly Ports[] = [
  { protocol: "tcp", ports: "2379-2381", what: "etcd: clients, members, metrics", pods: false },
  { protocol: "tcp", ports: "10248-10259", what: "kubelet, kube-proxy, controller manager, scheduler", pods: true },
  { protocol: "tcp", ports: "20244", what: "kube-router: health", pods: true },
  { protocol: "udp", ports: "8472", what: "VXLAN of the pod network", pods: false },
];

export const API_PORT = "6443";
export const NODE_PORT_RANGE = "30000-32767";

/** Interfaces of flannel: what comes in there is from pods of this stack. */
const POD_INTERFACES = `{ "lo", "cni0", "flannel.1" }`;

export interface FirewallRulesArgs extends FirewallSources {
  /** Addresses of all nodes. */
  readonly nodes: readonly string[];
  readonly podSubnet: string;
  readonly serviceSubnet: string;
}

/**
 * The nftables rules of a node: one table of our own, replaced whole in one transaction.
 *
 * Both chains accept by default: they drop new connections to the ports above and nothing else, so SSH, other services and
 * other tables' rules are not judged. `accept` ends our chain only; kube-proxy's and the site's own rules still apply.
 * - `nodes` keeps a node that leaves for a while (flag `timeout`), because it has to be drained.
 * - NodePorts are rewritten to a pod's port before `input`, so they are filtered before that. So are pod and service
 *   addresses: a neighbour that routes them to a node would go around both sets of sources.
 */
export function renderFirewallRules(args: FirewallRulesArgs): string {
  const [api, nodePorts] = [args.apiSources, args.nodePortSources].map(byFamily);
  const among = (protocol: Ports["protocol"], ports: readonly Ports[] = NODE_PORTS): string =>
    ports
      .filter((entry) => entry.protocol === protocol)
      .map((entry) => entry.ports)
      .join(", ");
  const forPods = among(
    "tcp",
    NODE_PORTS.filter(({ pods }) => pods),
  );
  return `table inet gitops_platform
delete table inet gitops_platform
table inet gitops_platform {
${set("nodes", "ipv4_addr", "timeout", args.nodes)}
${set("api_sources", "ipv4_addr", "interval", api?.ipv4)}
${set("api_sources_ipv6", "ipv6_addr", "interval", api?.ipv6)}
${set("node_port_sources", "ipv4_addr", "interval", nodePorts?.ipv4)}
${set("node_port_sources_ipv6", "ipv6_addr", "interval", nodePorts?.ipv6)}

  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ct state established,related accept
    iifname ${POD_INTERFACES} accept
    ip saddr @nodes accept
    ip daddr { ${args.podSubnet}, ${args.serviceSubnet} } counter drop
    fib daddr type != local accept
    ip saddr @node_port_sources accept
    ip6 saddr @node_port_sources_ipv6 accept
    meta l4proto { tcp, udp, sctp } th dport ${NODE_PORT_RANGE} counter drop
  }

  chain input {
    type filter hook input priority filter - 10; policy accept;
    ct state established,related accept
    iifname "lo" accept
    ip saddr @nodes accept
    iifname "cni0" ip saddr ${args.podSubnet} tcp dport { ${API_PORT}, ${forPods} } accept
    tcp dport ${API_PORT} ip saddr @api_sources accept
    tcp dport ${API_PORT} ip6 saddr @api_sources_ipv6 accept
    tcp dport { ${API_PORT}, ${among("tcp")} } counter drop
    udp dport { ${among("udp")} } counter drop
  }
}
`;
}

function byFamily(sources: readonly string[]): Readonly<Record<"ipv4" | "ipv6", readonly string[]>> {
  const ipv6 = (source: string): boolean => isIPv6(source.split("/")[0] ?? "");
  return { ipv4: sources.filter((source) => !ipv6(source)), ipv6: sources.filter(ipv6) };
}

/** nft refuses an empty list of elements. */
function set(name: string, type: string, flag: "timeout" | "interval", elements: readonly string[] = []): string {
  const merge = flag === "interval" ? " auto-merge;" : "";
  const list = elements.length === 0 ? "" : ` elements = { ${elements.join(", ")} };`;
  return `  set ${name} { type ${type}; flags ${flag};${merge}${list} }`;
}
