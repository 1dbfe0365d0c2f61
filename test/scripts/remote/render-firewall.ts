/** `npx tsx render-firewall.ts "NODES" API_SOURCES NODE_PORT_SOURCES`: a node's rules on stdout; sources are JSON lists. */
import { renderFirewallRules } from "../../../components/kubernetes/firewall";

const [nodes = "", apiSources = "", nodePortSources = ""] = process.argv.slice(2);
process.stdout.write(
  renderFirewallRules({
    nodes: nodes.split(" "),
    apiSources: JSON.parse(apiSources) as string[],
    nodePortSources: JSON.parse(nodePortSources) as string[],
    podSubnet: "10.244.0.0/16",
    serviceSubnet: "10.96.0.0/12",
  }),
);
