// Proves the rendered rules. That the kernel takes them and drops what they say: test/scripts/remote/firewall.bats.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { API_PORT, NODE_PORT_RANGE, NODE_PORTS, renderFirewallRules } from "../../../components/kubernetes/firewall";

const ARGS = {
  nodes: ["10.78.0.11", "10.78.0.21"],
  podSubnet: "10.244.0.0/16",
  serviceSubnet: "10.96.0.0/12",
  apiSources: ["10.78.0.0/24", "2001:db8::/32"],
  nodePortSources: ["0.0.0.0/0", "::/0"],
};

it("is one table of our own, replaced whole", () => {
  expect(renderFirewallRules(ARGS)).toBe(`table inet gitops_platform
delete table inet gitops_platform
table inet gitops_platform {
  set nodes { type ipv4_addr; flags timeout; elements = { 10.78.0.11, 10.78.0.21 }; }
  set api_sources { type ipv4_addr; flags interval; auto-merge; elements = { 10.78.0.0/24 }; }
  set api_sources_ipv6 { type ipv6_addr; flags interval; auto-merge; elements = { 2001:db8::/32 }; }
  set node_port_sources { type ipv4_addr; flags interval; auto-merge; elements = { 0.0.0.0/0 }; }
  set node_port_sources_ipv6 { type ipv6_addr; flags interval; auto-merge; elements = { ::/0 }; }

  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    ct state established,related accept
    iifname { "lo", "cni0", "flannel.1" } accept
    ip saddr @nodes accept
    ip daddr { 10.244.0.0/16, 10.96.0.0/12 } counter drop
    fib daddr type != local accept
    ip saddr @node_port_sources accept
    ip6 saddr @node_port_sources_ipv6 accept
    meta l4proto { tcp, udp, sctp } th dport 30000-32767 counter drop
  }

  chain input {
    type filter hook input priority filter - 10; policy accept;
    ct state established,related accept
    iifname "lo" accept
    ip saddr @nodes accept
    iifname "cni0" ip saddr 10.244.0.0/16 tcp dport { 6443, 10248-10259, 20244 } accept
    tcp dport 6443 ip saddr @api_sources accept
    tcp dport 6443 ip6 saddr @api_sources_ipv6 accept
    tcp dport { 6443, 2379-2381, 10248-10259, 20244 } counter drop
    udp dport { 8472 } counter drop
  }
}
`);
});

it("leaves a set of nobody without elements, which nft would refuse as an empty list", () => {
  const rules = renderFirewallRules({ ...ARGS, apiSources: [], nodePortSources: ["192.0.2.7"] });
  expect(rules).toContain("  set api_sources { type ipv4_addr; flags interval; auto-merge; }\n");
  expect(rules).toContain("  set node_port_sources_ipv6 { type ipv6_addr; flags interval; auto-merge; }\n");
  expect(rules).not.toContain("{  }");
});

it("never judges SSH, and flushes nothing", () => {
  const rules = renderFirewallRules(ARGS);
  expect(rules).not.toMatch(/flush|policy drop|\breject\b/);
  expect(rules.split("\n").filter((line) => line.includes("drop") && /\b22\b|ssh/.test(line))).toEqual([]);
});

it("has each of its ports in the table of docs/security.md", () => {
  const docs = readFileSync(join(__dirname, "..", "..", "..", "docs", "security.md"), "utf8");
  const rows = [...docs.matchAll(/^\| ([\d-]+)\/(tcp|udp|tcp, udp, sctp) +\|/gm)].map(
    ([, ports, protocol]) => `${ports}/${protocol}`,
  );
  const closed = NODE_PORTS.map(({ ports, protocol }) => `${ports}/${protocol}`);
  expect(rows).toEqual(["22/tcp", `${API_PORT}/tcp`, `${NODE_PORT_RANGE}/tcp, udp, sctp`, ...closed]);
});
