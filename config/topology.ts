import { overlap, parseNetwork } from "../components/addresses/ipv4";
import type { Outline } from "./outline";
import { NODE_KINDS, type Problem, problem } from "./problem";

/** Sizes at which etcd keeps a majority and stays quick. */
const CONTROL_PLANES = [1, 3, 5];

/** The host name of the hub. No node may have it. */
const HUB_NAME = "hub";

/** The rules about machines and networks: which there are, and that they fit together. */
export function checkTopology(outline: Outline): Problem[] {
  return [
    ...checkControlPlanes(outline),
    ...checkNames(outline),
    ...checkMemory(outline),
    ...checkSubnets(outline),
    ...checkKinds(outline),
  ];
}

function checkControlPlanes({ nodes }: Outline): Problem[] {
  // A role that can't be read would be counted wrongly; it has its own sentence.
  if (nodes.some((node) => node.role === undefined)) return [];
  const count = nodes.filter((node) => node.role === "control-plane").length;
  if (count === 0) {
    return [problem("nodes", "has no control plane; give one node, or three, the role control-plane")];
  }
  if (CONTROL_PLANES.includes(count)) return [];
  const reason =
    count % 2 === 0 ? "an even number of etcd members survives no more losses than one fewer" : "more slow etcd down";
  return [problem("nodes", `has ${count} control planes (need 1, 3 or 5: ${reason}); add or remove a control plane`)];
}

/** kubeadm's own bound, which it applies to machines that are there already. */
const CONTROL_PLANE_MIB = 1700;

function checkMemory({ nodes }: Outline): Problem[] {
  return nodes.flatMap(({ memoryMiB, role }, index) => {
    if (role !== "control-plane" || memoryMiB === undefined || memoryMiB >= CONTROL_PLANE_MIB) return [];
    const text = `is too little for a control plane (got ${memoryMiB}, need ${CONTROL_PLANE_MIB}); write for example 4096`;
    return [problem(`nodes[${index}].memoryMiB`, text)];
  });
}

function checkNames({ nodes, hub }: Outline): Problem[] {
  const owners = new Map<string, string>(hub ? [[HUB_NAME, "the hub"]] : []);
  return nodes.flatMap(({ name }, index) => {
    if (name === undefined) return [];
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, `nodes[${index}]`);
    return owner === undefined
      ? []
      : [problem(`nodes[${index}].name`, `${name} is already used by ${owner}; give each machine its own name`)];
  });
}

function checkSubnets({ cluster, network, nodes }: Outline): Problem[] {
  const named = {
    "network.cidr": network.cidr,
    "cluster.podSubnet": cluster.podSubnet,
    "cluster.serviceSubnet": cluster.serviceSubnet,
  };
  const networks = Object.entries(named).flatMap(([key, cidr]) => {
    const parsed = cidr === undefined ? undefined : parseNetwork(cidr);
    return parsed ? [{ key, parsed }] : [];
  });
  const problems: Problem[] = [];
  for (const [index, later] of networks.entries()) {
    for (const earlier of networks.slice(0, index)) {
      if (!overlap(earlier.parsed, later.parsed)) continue;
      const text = `${later.parsed.cidr} overlaps ${earlier.key} ${earlier.parsed.cidr}; choose networks that share no address`;
      problems.push(problem(later.key, text));
    }
  }
  const prefixOf = (key: string): number | undefined => networks.find((entry) => entry.key === key)?.parsed.prefix;
  const pods = prefixOf("cluster.podSubnet");
  // The controller-manager hands every node a /24 of the pod network.
  if (pods !== undefined && 2 ** (24 - pods) < nodes.length) {
    const text = `${cluster.podSubnet ?? ""} is too small for ${nodes.length} nodes (each takes a /24); choose a larger network`;
    problems.push(problem("cluster.podSubnet", text));
  }
  const services = prefixOf("cluster.serviceSubnet");
  if (services !== undefined && services < 12) {
    const text = `${cluster.serviceSubnet ?? ""} is too large (the API server takes /12 at most); choose a /12 or smaller`;
    problems.push(problem("cluster.serviceSubnet", text));
  }
  return problems;
}

/** Local machines have no route to the outside: all nodes are local or none is, and the hub serves what they need. */
function checkKinds({ artifacts, hub, localMachines, nodes }: Outline): Problem[] {
  const local = nodes.findIndex((node) => node.kind === "local");
  const adopted = nodes.findIndex((node) => node.kind === "adopted");
  if (local >= 0 && adopted >= 0) {
    const text = `is adopted while nodes[${local}] is local, and neither reaches the other; use one kind for all nodes`;
    return [problem(`nodes[${adopted}].kind`, text)];
  }
  if (local >= 0) {
    return [
      ...(hub
        ? []
        : [
            problem(
              "hub",
              "is missing (local nodes download from it and nowhere else); add for example hub: { address: 10.78.0.10 }",
            ),
          ]),
      ...(localMachines
        ? []
        : [
            problem(
              "localMachines",
              "is missing (local nodes need a bridge); add for example localMachines: { bridge: gitops0 }",
            ),
          ]),
      ...(artifacts.source === "upstream"
        ? [problem("artifacts.source", "is upstream, which local nodes can't reach; use mirror, served by the hub")]
        : []),
    ];
  }
  const follows = { follows: NODE_KINDS };
  const text = "is only for local nodes, and there are none; remove it";
  return [
    ...(hub ? [problem("hub", text, follows)] : []),
    ...(localMachines ? [problem("localMachines", text, follows)] : []),
  ];
}
