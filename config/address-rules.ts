import { contains, firstHost, formatAddress, parseAddress, parseNetwork } from "../components/addresses/ipv4";
import type { Network } from "../components/addresses/ipv4";
import { digitsOf, isOnLink, parseInterface6 } from "../components/addresses/ipv6";
import type { Outline } from "./outline";
import { type Problem, problem } from "./problem";

/** The rules about addresses: each belongs to one machine, and is on the network that the stack file names. */
export function checkAddresses(outline: Outline): Problem[] {
  return [
    ...checkUnique(outline),
    ...checkGateway(outline),
    ...checkUnreachable(outline),
    ...checkSixth(outline),
    ...checkCards(outline),
  ];
}

interface Owned {
  readonly key: string;
  /** Names the owner to somebody who has the stack file before him. */
  readonly owner: string;
  readonly address: string;
  /** One server can be gateway, resolver and hypervisor; what is made by the stack has its address for itself. */
  readonly shared?: boolean;
}

/** Everything with an address, in the order in which a collision is blamed on the later one. */
function owners({ hub, hypervisors, localMachines, network, nodes }: Outline): readonly Owned[] {
  const parsed = network.cidr === undefined ? undefined : parseNetwork(network.cidr);
  const bridge = localMachines && (localMachines.hostAddress ?? (parsed && firstHost(parsed)));
  const given: readonly (Omit<Owned, "address"> & { readonly address: string | undefined })[] = [
    { key: "localMachines.hostAddress", owner: "the bridge of this computer", address: bridge, shared: true },
    { key: "network.gateway", owner: "network.gateway", address: network.gateway, shared: true },
    ...keyed("network.resolvers", network.resolvers ?? [], (address) => address, true),
    ...keyed("hypervisors", hypervisors, ({ address }) => address, true),
    { key: "hub.address", owner: "hub", address: hub?.address },
    ...keyed("nodes", nodes, ({ address }) => address, false),
  ];
  return given.flatMap(({ address, ...rest }) => (address === undefined ? [] : [{ ...rest, address }]));
}

function keyed<T>(list: string, entries: readonly T[], addressOf: (entry: T) => string | undefined, shared: boolean) {
  return entries.map((entry, index) => {
    const owner = `${list}[${index}]`;
    return { key: typeof entry === "string" ? owner : `${owner}.address`, owner, address: addressOf(entry), shared };
  });
}

/** Machines that the stack makes or adopts are on the node network, each with an address of its own. */
function checkUnique(outline: Outline): Problem[] {
  const network = outline.network.cidr === undefined ? undefined : parseNetwork(outline.network.cidr);
  const seen = new Map<string, Owned>();
  const own = owners(outline).flatMap((entry) => {
    const { address, key, shared } = entry;
    const taken = seen.get(address);
    if (!taken) seen.set(address, entry);
    const problems: Problem[] = [];
    if (taken && !(taken.shared && shared))
      problems.push(problem(key, `${address} is already used by ${taken.owner}; give each node its own address`));
    const misplaced = network && (!shared || key.startsWith("local")) && misplacement(network, address);
    if (misplaced) problems.push(problem(key, `${address} ${misplaced}`));
    return problems;
  });
  return [...own, ...checkServers(outline), ...checkResolvers(outline)];
}

/** Behind one address there can be several servers, on ports that a router forwards. */
function checkServers({ hypervisors }: Outline): Problem[] {
  return hypervisors.flatMap(({ address, port }, index) => {
    const first = hypervisors.findIndex((other) => other.address === address && other.port === port);
    if (address === undefined || first === index) return [];
    const text = `${address} is already used by hypervisors[${first}]; name each server once, by its own address`;
    return [problem(`hypervisors[${index}].address`, text)];
  });
}

function checkResolvers({ network: { resolvers = [] } }: Outline): Problem[] {
  return resolvers.flatMap((address, index) => {
    const first = resolvers.indexOf(address);
    if (first === index) return [];
    return [
      problem(`network.resolvers[${index}]`, `${address} is already used by network.resolvers[${first}]; remove one`),
    ];
  });
}

function misplacement(network: Network, address: string): string | undefined {
  const value = parseAddress(address) ?? 0;
  const range = `${firstHost(network)} to ${formatAddress(network.last - 1)}`;
  if (!contains(network, value)) {
    return `is outside network.cidr ${network.cidr}; choose one from ${range}, or correct the network`;
  }
  if (value === network.first) return `is the network itself; choose one from ${range}`;
  if (value === network.last) return `is the network's broadcast address; choose one from ${range}`;
  return undefined;
}

function checkGateway({ network }: Outline): Problem[] {
  const parsed = network.cidr === undefined ? undefined : parseNetwork(network.cidr);
  const address = network.gateway;
  if (!parsed || address === undefined) return [];
  if (!contains(parsed, parseAddress(address) ?? 0)) {
    const text = `${address} is outside network.cidr ${parsed.cidr}; choose the router's address in it`;
    return [problem("network.gateway", text)];
  }
  const misplaced = misplacement(parsed, address);
  return misplaced === undefined ? [] : [problem("network.gateway", `${address} ${misplaced}`)];
}

/** A node sends what goes to pods and services into the cluster: a server outside with such an address is out of reach. */
function checkUnreachable(outline: Outline): Problem[] {
  const inner = (["podSubnet", "serviceSubnet"] as const).flatMap((field) => {
    const parsed = parseNetwork(outline.cluster[field] ?? "");
    return parsed ? [{ key: `cluster.${field}`, parsed }] : [];
  });
  const outside = owners(outline).filter(({ key }) => /^(network\.resolvers|hypervisors)\[/.test(key));
  return outside.flatMap(({ address, key }) => {
    const value = parseAddress(address);
    const around = inner.find(({ parsed }) => value !== undefined && contains(parsed, value));
    if (!around) return [];
    const text = `${address} is in ${around.key} ${around.parsed.cidr}, where no node reaches it; choose another network for ${around.key}`;
    return [problem(key, text)];
  });
}

const guests = ({ nodes }: Outline): { node: Outline["nodes"][number]; key: string }[] =>
  nodes.flatMap((node, index) => (node.kind === "libvirt" ? [{ node, key: `nodes[${index}]` }] : []));

function checkSixth(outline: Outline): Problem[] {
  const seen = new Map<string | undefined, string>();
  const own = guests(outline).flatMap(({ key, node: { ipv6 } }) => {
    const digits = ipv6 === undefined ? undefined : parseInterface6(ipv6)?.digits;
    if (ipv6 === undefined || digits === undefined) return [];
    const taken = seen.get(digits);
    if (taken === undefined) seen.set(digits, key);
    else
      return [problem(`${key}.ipv6`, `${ipv6} is already used by ${taken}; give each guest its own, or leave it out`)];
    return [];
  });
  const gateways = guests(outline).flatMap(({ key, node: { gateway6, ipv6 } }) => {
    if (gateway6 === undefined) return [];
    const field = `${key}.gateway6`;
    if (ipv6 === undefined) {
      const text = `is only used with an IPv6 address; add ${key}.ipv6, or remove it`;
      return [problem(field, text, { follows: [`${key}.ipv6`] })];
    }
    const taken = seen.get(digitsOf(gateway6));
    if (taken !== undefined)
      return [problem(field, `${gateway6} is already used by ${taken}; write the router's address, or leave it out`)];
    const on = parseInterface6(ipv6);
    if (!on || isOnLink(on, gateway6)) return [];
    return [
      problem(field, `${gateway6} is outside the network of ${key}.ipv6 ${ipv6}; choose the router's address in it`),
    ];
  });
  return [...own, ...gateways];
}

function checkCards(outline: Outline): Problem[] {
  const seen = new Map<string, string>();
  return guests(outline).flatMap(({ key, node: { mac } }) => {
    if (mac === undefined) return [];
    const taken = seen.get(mac);
    if (taken === undefined) seen.set(mac, key);
    if (taken === undefined) return [];
    return [problem(`${key}.mac`, `${mac} is already used by ${taken}; give each guest its own, or leave it out`)];
  });
}
